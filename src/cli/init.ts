/** `thresh init NAME URL`: a first target, proposed from the page itself; where that cannot be, one to be filled in. */
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type BrowserPool, createBrowserPool } from '../../browser-pool/index.js';
import { PRODUCT } from '../discovery/user-agent.js';
import { isThreshError, reasonOf, ThreshError } from '../errors.js';
import { widen } from '../init/columns.js';
import { type TargetDraft, targetSource } from '../init/source.js';
import { type Survey, survey } from '../init/survey.js';
import { template } from '../init/template.js';
import { type Trial, tryTarget } from '../init/trial.js';
import type { Visiting } from '../init/visit.js';
import type { Settings } from '../settings.js';
import type { TargetLog } from '../target/definition.js';
import { plainText } from '../telemetry/plain-text.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { draftText, nextSteps, surveyText, trialText } from './init-view.js';
import { onStopSignals } from './stop-signals.js';

export interface InitOptions {
  /** False: the page is not opened. */
  open?: boolean;
}

/** Writes NAME.ts into the folder of targets; never over a file that is there. */
export async function init(
  name: string,
  url: string,
  options: InitOptions,
  settings: Settings,
): Promise<ExitCode> {
  const given = check(name, url);
  const file = path.join(settings.targets, `${name}.ts`);
  await mkdir(settings.targets, { recursive: true });
  if (await isThere(file)) throw taken(file);
  if (options.open === false) return leave(name, given, file);

  const stopping = new AbortController();
  const signals = onStopSignals({
    first: () => stopping.abort(new ThreshError('interrupted', { code: 'INTERRUPTED', scope: 'page' })),
    second: () => process.exit(EXIT.interrupted),
  });
  const pool = openBrowser(settings);
  const visiting: Visiting = { pool, signal: stopping.signal, log: SILENT };
  try {
    say(`opening ${given.href}`);
    const surveyed = await survey(name, given, visiting).catch((error: unknown) => {
      stopping.signal.throwIfAborted();
      return reasonWhy(error);
    });
    if (typeof surveyed === 'string') return await leave(name, given, file, surveyed);
    return await propose(name, file, surveyed, visiting);
  } finally {
    await pool.close();
    signals.release();
  }
}

async function propose(name: string, file: string, surveyed: Survey, visiting: Visiting): Promise<ExitCode> {
  const [first, ...others] = surveyed.drafts;
  await write(file, targetSource(first));
  process.stdout.write(`${file}\n`);
  process.stderr.write(surveyText(surveyed));
  let best = await tryDraft(first, file, surveyed, visiting);
  for (const other of others) {
    if (isWhole(best)) break;
    say(`not all of it could be read so (${troubleIn(best)}): trying what the page shows`);
    const tried = await tryDraft(other, file, surveyed, visiting);
    if (validIn(tried) > validIn(best)) best = tried;
  }
  await writeFile(file, best.source);
  process.stderr.write(trialText(best.trials, best.widened, process.stderr.columns));
  process.stderr.write(nextSteps(name, surveyed.url));
  return EXIT.ok;
}

interface TriedDraft {
  source: string;
  trials: Trial[];
  /** Columns that some of the pages do not have. */
  widened: string[];
}

function isWhole({ trials }: TriedDraft): boolean {
  return trials.every(({ rows, refused }) => refused.length === 0 && rows.length > 0);
}

function troubleIn({ trials }: TriedDraft): string {
  const [first] = trials.flatMap(({ problem, refused }) => (problem === undefined ? refused : [problem]));
  return first ?? 'a page without a row';
}

function validIn({ trials }: TriedDraft): number {
  return trials.reduce((sum, { rows }) => sum + rows.length, 0);
}

/** Leaves it in the file, made to fit what its pages were seen to lack. */
async function tryDraft(
  draft: TargetDraft,
  file: string,
  { toTry: pages, turn }: Survey,
  visiting: Visiting,
): Promise<TriedDraft> {
  let source = targetSource(draft);
  await writeFile(file, source);
  process.stderr.write(draftText(draft, process.stderr.columns));
  say(`trying it on ${pages.length === 1 ? 'the page' : `${pages.length} pages`}`);
  const tried = { pages, proposal: draft.proposal, turn };
  let trials = await tryTarget(file, tried, visiting);
  const { columns, widened } = widen(
    draft,
    trials.flatMap(({ seen }) => seen),
  );
  if (widened.length > 0) {
    source = targetSource({ ...draft, columns });
    await writeFile(file, source);
    const again = trials.filter(({ refused }) => refused.length > 0).map(({ url }) => url);
    const anew = await tryTarget(file, { ...tried, pages: again }, visiting);
    trials = trials.map((trial) => anew.find(({ url }) => url === trial.url) ?? trial);
  }
  return { source, trials, widened };
}

/** The template, and why it is no more than that. */
async function leave(name: string, url: URL, file: string, why?: string): Promise<ExitCode> {
  await write(file, template(name, url));
  process.stdout.write(`${file}\n`);
  if (why !== undefined) say(`nothing could be proposed: ${why}\nthe file is a template to be filled in`);
  process.stderr.write(
    `now: 1. say in it what a row is and where it stands on the page
     2. thresh debug ${name} URL      one page, its rows and what the schema refuses
     3. thresh run ${name} --limit 20  a small batch
`,
  );
  return EXIT.ok;
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken(file) : error;
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function openBrowser(settings: Settings): BrowserPool {
  return createBrowserPool({
    maxPages: 1,
    temp: path.join(settings.home, 'browsers'),
    frames: settings.frames,
    maxProcessMb: settings.maxProcessMb,
    maxBrowserMb: settings.maxBrowserMb ?? 0,
    product: PRODUCT,
    ...(settings.chromiumPath === undefined ? {} : { executablePath: settings.chromiumPath }),
  });
}

function reasonWhy(error: unknown): string {
  const mend = isThreshError(error) && error.code === 'BROWSER_UNAVAILABLE' ? error.mend : undefined;
  return mend === undefined ? reasonOf(error) : `${reasonOf(error)} (${mend})`;
}

const SILENT: TargetLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function say(text: string): void {
  for (const line of text.split('\n')) process.stderr.write(`thresh: ${plainText(line, 1_000)}\n`);
}

function check(name: string, url: string): URL {
  if (!/^[a-z0-9-]{1,40}$/.test(name))
    throw wrong(`"${name}" is no name for a target`, 'use a-z, 0-9 and -, at most 40 characters');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw wrong(
      `${JSON.stringify(url)} is not an http(s) URL`,
      'give a page of the catalogue, or its sitemap',
    );
  return new URL(url);
}

function taken(file: string): ThreshError {
  return wrong(`${file} is there already`, 'choose another name, or delete it first');
}

function wrong(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
