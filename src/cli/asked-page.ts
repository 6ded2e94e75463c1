/** Which page `thresh debug` looks at: TARGET and URL, one that a batch gave up, or one out of a file. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { batchFiles } from '../batch/spec.js';
import { standingOf } from '../batch/steer.js';
import { openFrontier } from '../discovery/frontier.js';
import { ThreshError } from '../errors.js';
import type { Json } from '../target/definition.js';
import { isHar } from './replay.js';
import { type Identity, identityOf } from './worn-identity.js';

export interface AskedPage {
  /** TARGET */
  ref: string;
  /** Undefined: the one that is in the file. */
  url: string | undefined;
  label: string | undefined;
  data: Json | undefined;
  /** Where its batch delivers; undefined: where the target does. */
  out?: string;
  /** Of a page that a batch gave up. */
  identity?: Identity;
  replay?: {
    /** Absolute. */
    path: string;
    scripts: boolean;
  };
}

export interface AskedOptions {
  label?: string;
  /** JSON. */
  data?: string;
  /** `BATCH.PAGE`: a page of a batch instead of TARGET and URL. */
  failure?: string;
  /** A saved .html or a .har; true: what was saved of the page of `failure`. */
  replay?: string | boolean;
  /** Of a saved HTML: they run. */
  scripts?: boolean;
}

/** Throws USAGE. */
export async function askedPage(
  ref: string | undefined,
  url: string | undefined,
  options: AskedOptions,
  home: string,
): Promise<AskedPage> {
  const { failure, label, data, replay, scripts = false } = options;
  if (scripts && (replay === undefined || (typeof replay === 'string' && isHar(replay))))
    throw wrong('--scripts is for a saved HTML page', 'thresh debug TARGET URL --replay FILE.html --scripts');
  if (failure !== undefined) {
    const { savedHtml, ...page } = await pageOfBatch(failure, home);
    const file = replay === true ? await savedHtml() : replay === false ? undefined : replay;
    return { ...page, ref: ref ?? page.ref, ...(file === undefined ? {} : replayOf(file, scripts)) };
  }
  if (replay === true)
    throw wrong('--replay needs a file', '--replay FILE.html, FILE.har, or with --failure');
  const isOfHar = typeof replay === 'string' && isHar(replay);
  if (ref === undefined || (url === undefined && !isOfHar))
    throw wrong(
      `missing required argument '${ref === undefined ? 'target' : 'url'}'`,
      'thresh debug TARGET URL, or --failure BATCH.PAGE',
    );
  return {
    ref,
    url: url === undefined ? undefined : checkUrl(url),
    label,
    data: data === undefined ? undefined : parseData(data),
    ...(typeof replay === 'string' ? replayOf(replay, scripts) : {}),
  };
}

function replayOf(file: string, scripts: boolean): Pick<AskedPage, 'replay'> {
  return { replay: { path: path.resolve(file), scripts } };
}

interface PageOfBatch extends AskedPage {
  /** The file that its last attempt left. Throws USAGE when there is none. */
  savedHtml(): Promise<string>;
}

/** As it stands in the batch's frontier: with its label and data. */
async function pageOfBatch(text: string, home: string): Promise<PageOfBatch> {
  const [, batch = '', number = ''] = /^(.+)[.:](\d+)$/.exec(text) ?? [];
  if (batch === '') throw wrong(`"${text}" is no page of a batch`, NAMED);
  const { spec } = await standingOf(home, batch);
  const files = batchFiles(home, batch);
  const frontier = await openFrontier(files.frontier);
  try {
    for await (const pages of frontier.read()) {
      const page = pages.find(({ n }) => n === Number(number));
      if (page === undefined) continue;
      const identity = await identityOf(home, batch, page.n);
      return {
        ...(identity === undefined ? {} : { identity }),
        ref: spec.targetFile,
        out: spec.out,
        url: page.url,
        label: page.label,
        data: page.data,
        async savedHtml() {
          const file = path.join(files.dir, 'artifacts', `page-${page.n}.html`);
          const isThere = await stat(file).then(
            () => true,
            () => false,
          );
          if (isThere) return file;
          throw wrong(`nothing was saved of page ${number} of ${batch}`, 'leave --replay out to load it');
        },
      };
    }
  } finally {
    await frontier.close();
  }
  throw wrong(`batch ${batch} has no page ${number}`, NAMED);
}

const NAMED = 'thresh failures BATCH names them: --failure BATCH.PAGE';

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
