/** `thresh debug TARGET URL`: one page through the same steps as in a batch, without a queue, with a person looking on. */
import { once } from 'node:events';
import { copyFile, mkdir, rm, rmdir, watch as watchFolder } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BrowserPool, Lease, NetworkTally } from '../../browser-pool/index.js';
import { createBrowserPool } from '../../browser-pool/index.js';
import { readLeftHosts } from '../batch/block-file.js';
import { loadChecked } from '../batch/context.js';
import { batchFiles } from '../batch/spec.js';
import { standingOf } from '../batch/steer.js';
import type { Column } from '../dataset/column.js';
import { encodeRow } from '../dataset/encode.js';
import { openFrontier } from '../discovery/frontier.js';
import { PRODUCT } from '../discovery/user-agent.js';
import { isThreshError, ThreshError } from '../errors.js';
import { keepArtifacts } from '../page/artifacts.js';
import { createProxies } from '../page/proxies/proxies.js';
import { leaseSpecOf, type RenderedPage, type RenderOutcome, renderPage } from '../page/render.js';
import { differenceOf } from '../page/same-rows.js';
import { createSessions } from '../page/sessions.js';
import type { Settings } from '../settings.js';
import type { Json, TargetLog } from '../target/definition.js';
import { findTarget } from '../target/find.js';
import type { LoadedTarget } from '../target/load.js';
import { plainText } from '../telemetry/plain-text.js';
import { debugJson, debugText } from './debug-view.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { onStopSignals } from './stop-signals.js';

export interface DebugOptions {
  label?: string;
  /** JSON. */
  data?: string;
  headed?: boolean;
  slowMo?: number;
  devtools?: boolean;
  /** True, or the file to write. */
  trace?: boolean | string;
  pause?: boolean;
  /** Again whenever the target's file is saved. */
  watch?: boolean;
  /** `BATCH.PAGE`: a page of a batch instead of TARGET and URL. */
  failure?: string;
  json?: boolean;
}

/** What one look at a page found. */
export interface Sight {
  url: string;
  outcome: RenderOutcome;
  network: NetworkTally | undefined;
  elapsedMs: number;
  /** Of a target with `block: 'auto'`: hosts that its batches leave out; this page was loaded whole. */
  leftHosts?: readonly string[];
  /** Absolute paths. */
  files: { screenshot?: string; html?: string; trace?: string };
}

/** Throws TARGET_INVALID, USAGE, BROWSER_UNAVAILABLE. */
export async function debug(
  ref: string | undefined,
  url: string | undefined,
  options: DebugOptions,
  settings: Settings,
): Promise<ExitCode> {
  const asked = await askedFor(ref, url, options, settings);
  const stopping = new AbortController();
  const signals = onStopSignals({
    first: () => stopping.abort(interrupted()),
    second: () => process.exit(EXIT.interrupted),
  });
  const browser = openBrowser(options, settings);
  const look = { ...asked, options, settings, pool: browser.pool, signal: stopping.signal };
  try {
    if (options.watch === true) return await watch(look);
    const sight = await lookAt(look, await loadChecked(asked.ref, settings.targets));
    if (stopping.signal.aborted) return EXIT.interrupted;
    show(sight, options);
    return sight.outcome.ok && refusedRows(sight.outcome) === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await browser.close();
    signals.release();
  }
}

interface Asked {
  /** TARGET */
  ref: string;
  url: string;
  label: string | undefined;
  data: Json | undefined;
}

interface Look extends Asked {
  options: DebugOptions;
  settings: Settings;
  pool: BrowserPool;
  signal: AbortSignal;
}

/** The page of TARGET and URL, or one that a batch gave up. */
async function askedFor(
  ref: string | undefined,
  url: string | undefined,
  { failure, label, data }: DebugOptions,
  { home }: Settings,
): Promise<Asked> {
  if (failure !== undefined) {
    const page = await pageOfBatch(failure, home);
    return { ...page, ref: ref ?? page.ref };
  }
  if (ref === undefined || url === undefined)
    throw wrong(
      `missing required argument '${ref === undefined ? 'target' : 'url'}'`,
      'thresh debug TARGET URL, or --failure BATCH.PAGE',
    );
  return { ref, url: checkUrl(url), label, data: data === undefined ? undefined : parseData(data) };
}

/** As it stands in the batch's frontier: with its label and data. */
async function pageOfBatch(text: string, home: string): Promise<Asked> {
  const [, batch = '', number = ''] = /^(.+)[.:](\d+)$/.exec(text) ?? [];
  const mend = 'thresh failures BATCH names them: --failure BATCH.PAGE';
  if (batch === '') throw wrong(`"${text}" is no page of a batch`, mend);
  const { spec } = await standingOf(home, batch);
  const frontier = await openFrontier(batchFiles(home, batch).frontier);
  try {
    for await (const pages of frontier.read()) {
      const page = pages.find(({ n }) => n === Number(number));
      if (page !== undefined)
        return { ref: spec.targetFile, url: page.url, label: page.label, data: page.data };
    }
  } finally {
    await frontier.close();
  }
  throw wrong(`batch ${batch} has no page ${number}`, mend);
}

/** Again whenever a file beside the target's is saved, until stopped; a browser that was opened once serves all looks. */
async function watch(look: Look): Promise<ExitCode> {
  const { ref, options, settings, signal } = look;
  let before: RenderedPage | undefined;
  while (!signal.aborted) {
    const saved = new AbortController();
    const over = AbortSignal.any([signal, saved.signal]);
    let folder = settings.targets;
    try {
      const target = await loadChecked(ref, settings.targets);
      folder = path.dirname(target.file);
      void untilSaved(folder, over).then(() => saved.abort());
      const sight = await lookAt(look, target);
      if (signal.aborted) break;
      show(sight, options);
      const now = sight.outcome.ok ? sight.outcome.rendered : undefined;
      if (before !== undefined && now !== undefined)
        process.stderr.write(`thresh: ${changeOf(before, now)}\n`);
      before = now ?? before;
    } catch (error) {
      if (!isThreshError(error) || error.code === 'BROWSER_UNAVAILABLE') throw error;
      process.stderr.write(
        `thresh: ${error.message
          .split('\n')
          .map((line) => plainText(line, 1_000))
          .join('\n')}\n`,
      );
      const file = await findTarget(ref, { targetsDir: settings.targets, cwd: process.cwd() }).catch(
        () => undefined,
      );
      if (file !== undefined) folder = path.dirname(file);
      void untilSaved(folder, over).then(() => saved.abort());
    }
    process.stderr.write(`thresh: waiting for a file in ${folder} to be saved; Ctrl-C ends\n`);
    if (!over.aborted) await once(over, 'abort');
  }
  return EXIT.ok;
}

function changeOf(before: RenderedPage, now: RenderedPage): string {
  const difference = differenceOf(before, now);
  return difference === undefined
    ? 'the same as before'
    : `before against now: ${plainText(difference, 400)}`;
}

/** An editor writes several times for one save. */
const SETTLE_MS = 150;

async function untilSaved(folder: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of watchFolder(folder, { signal })) break;
    await delay(SETTLE_MS, undefined, { signal });
  } catch {
    // stopped, or the folder is gone: a look from time to time is better than none
    await delay(2_000, undefined, { signal }).catch(() => undefined);
  }
}

function show(sight: Sight, { json }: DebugOptions): void {
  process.stdout.write(
    json === true ? `${JSON.stringify(debugJson(sight))}\n` : debugText(sight, process.stdout.columns),
  );
}

function openBrowser(
  options: DebugOptions,
  settings: Settings,
): { pool: BrowserPool; close(): Promise<void> } {
  const isHeaded = options.headed === true || options.pause === true || options.devtools === true;
  // A browser with windows puts a socket there, whose path may have no more than 107 characters.
  const temp = isHeaded
    ? path.join(os.tmpdir(), `thresh-${os.userInfo().uid}`)
    : path.join(settings.home, 'browsers');
  const pool = createBrowserPool({
    maxPages: 1,
    temp,
    headless: !isHeaded,
    frames: settings.frames,
    maxProcessMb: settings.maxProcessMb,
    maxBrowserMb: settings.maxBrowserMb ?? 0,
    product: PRODUCT,
    ...(settings.chromiumPath === undefined ? {} : { executablePath: settings.chromiumPath }),
    ...(options.slowMo === undefined ? {} : { slowMoMs: options.slowMo }),
    ...(options.devtools === true ? { devtools: true } : {}),
  });
  return {
    pool,
    async close() {
      await pool.close();
      if (isHeaded) await rmdir(temp).catch(() => undefined); // another command is in it
    },
  };
}

async function lookAt(
  { url, label, data, options, settings, pool, signal }: Look,
  target: LoadedTarget<Column[]>,
): Promise<Sight> {
  const { name } = target.definition;
  const folder = path.join(settings.home, 'debug');
  const stem = `${name}-${new Date().toISOString().replace(/[:.]/g, '')}`;
  await mkdir(folder, { recursive: true });
  const { proxies } = target.definition;
  const sessions = createSessions({
    target: target.definition,
    pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies: proxies === undefined ? undefined : createProxies({ given: proxies, onEvent: () => undefined }),
  });
  const traced = options.trace !== undefined && options.trace !== false;
  const files: Sight['files'] = {};
  let network: NetworkTally | undefined;
  let startedAt = performance.now();
  let elapsedMs = 0;
  try {
    const columns = target.columns ?? [];
    const outcome = await renderPage(
      {
        page: 0,
        request: { url, label, data, attempt: 1 },
        log: logTo(process.stderr),
        signal,
        traced,
        keepFailure: () => undefined,
        onlooker: {
          async began() {
            startedAt = performance.now();
          },
          async ended(lease) {
            elapsedMs = Math.round(performance.now() - startedAt);
            ({ network } = lease);
            const kept = await keepArtifacts(lease.page, { folder, name: stem, traced });
            for (const kind of ['screenshot', 'html', 'trace'] as const) {
              const file = kept[kind];
              if (file !== undefined) files[kind] = path.join(folder, file);
            }
            if (options.pause === true) await paused(lease, signal);
          },
        },
      },
      {
        target,
        encode: (row) => encodeRow(columns, row),
        pool,
        sessions,
      },
    );
    if (!outcome.ok && outcome.error.code === 'BROWSER_UNAVAILABLE') throw outcome.error;
    if (typeof options.trace === 'string' && files.trace !== undefined) {
      const wanted = path.resolve(options.trace);
      await copyFile(files.trace, wanted);
      await rm(files.trace);
      files.trace = wanted;
    }
    const { learnsBlock } = target.definition;
    const leftHosts = learnsBlock ? await readLeftHosts(settings.home, name, target.hash) : undefined;
    return { url, outcome, network, elapsedMs, ...(leftHosts === undefined ? {} : { leftHosts }), files };
  } finally {
    await sessions.close();
  }
}

/** Until the inspector's "resume", the window is closed, or Ctrl-C. */
async function paused({ page, lost }: Lease, signal: AbortSignal): Promise<void> {
  process.stderr.write(
    "thresh: paused; press Resume in Playwright's inspector, close the window, or Ctrl-C\n",
  );
  const left = new Promise<void>((resolve) => {
    for (const leaving of [lost, signal]) {
      if (leaving.aborted) resolve();
      leaving.addEventListener('abort', () => resolve(), { once: true });
    }
  });
  await Promise.race([page.pause().catch(() => undefined), left]);
}

function refusedRows({ rendered }: Extract<RenderOutcome, { ok: true }>): number {
  return rendered.outcome === 'completed' ? rendered.quarantined.length : 0;
}

function logTo(stream: NodeJS.WritableStream): TargetLog {
  const at =
    (level: keyof TargetLog) =>
    (message: string, fields?: Record<string, unknown>): void => {
      const more = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
      stream.write(`${level}: ${plainText(`${message}${more}`, 1_000)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function checkUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text).href;
  throw wrong(`${JSON.stringify(text)} is not an http(s) URL`, 'give the whole URL, https:// included');
}

function parseData(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw wrong('--data is not JSON', 'write it as \'{"category":"tea"}\'');
  }
}

function wrong(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}

function interrupted(): ThreshError {
  return new ThreshError('interrupted', { code: 'INTERRUPTED', scope: 'page' });
}
