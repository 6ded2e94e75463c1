/** `thresh check TARGET`: a few delivered pages rendered again and compared with their rows; for the CI of targets. */
import type { BrowserPool } from '../../browser-pool/index.js';
import { loadChecked } from '../batch/context.js';
import { type LastDataset, readLast } from '../batch/last-dataset.js';
import { requestsOf } from '../batch/page-requests.js';
import { createSecondLook } from '../batch/second-look.js';
import { type Column, type ColumnDescription, describeColumns } from '../dataset/column.js';
import { fitOf, type LookedAt, type PageEnd } from '../dataset/fit.js';
import { rowsOfPages, spreadPages } from '../dataset/read-back.js';
import { schemaChange } from '../dataset/schema-change.js';
import { openDestination } from '../delivery/destination.js';
import { ThreshError } from '../errors.js';
import type { LaneGain } from '../page/fetch/lane-gain.js';
import type { Settings } from '../settings.js';
import type { LoadedTarget } from '../target/load.js';
import { plainText } from '../telemetry/plain-text.js';
import { type Checked, checkText, endText } from './check-view.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { openBrowser } from './one-page-browser.js';
import { outFolder } from './run.js';
import { onStopSignals } from './stop-signals.js';
import { logTo } from './target-log.js';

export interface CheckOptions {
  /** Default 5. */
  pages?: number;
  out?: string;
  json?: boolean;
}

const PAGES = 5;

/** Exit code 1 when the target does not fit its site any more. */
export async function check(ref: string, options: CheckOptions, settings: Settings): Promise<ExitCode> {
  const target = await loadChecked(ref, settings.targets);
  const last = await lastOf(ref, { target, options, settings });
  const urls = await spreadPages(last.files, options.pages ?? PAGES, settings.parquet);
  if (urls.length === 0)
    throw usage(`the dataset of ${last.manifest.date} has no row to compare with`, `thresh run ${ref}`);
  const stopping = new AbortController();
  const signals = onStopSignals({
    first: () => stopping.abort(new Error('interrupted')),
    second: () => process.exit(EXIT.interrupted),
  });
  const browser = openBrowser({}, settings);
  try {
    const pool = browser.pool;
    const { looked, gains } = await lookAt(urls, last, { target, settings, pool, signal: stopping.signal });
    const checked = { ...checkedOf(target, last, looked), ...(gains.length === 0 ? {} : { lane: gains }) };
    process.stdout.write(
      options.json === true ? `${JSON.stringify(checked)}\n` : checkText(checked, process.stdout.columns),
    );
    return checked.fits ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (stopping.signal.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    await browser.close();
    signals.release();
  }
}

interface Of {
  target: LoadedTarget<Column[]>;
  options: CheckOptions;
  settings: Settings;
}

/** Throws USAGE when nothing was delivered yet. */
async function lastOf(ref: string, { target, options, settings }: Of): Promise<LastDataset> {
  const { name, deliver } = target.definition;
  const out = outFolder(options.out, deliver?.to, settings);
  const destination = await openDestination(out, settings.s3);
  const { home } = settings;
  const last = await readLast({ target: name, destination, home }).finally(() => destination.close());
  if (last !== undefined) return last;
  throw usage(
    `nothing of ${name} was delivered to ${out} yet: there is nothing to compare with`,
    `thresh run ${ref}`,
  );
}

interface Looking {
  target: LoadedTarget<Column[]>;
  settings: Settings;
  pool: BrowserPool;
  signal: AbortSignal;
}

/** One page after the other. */
async function lookAt(
  urls: readonly string[],
  { manifest, files }: LastDataset,
  { target, settings, pool, signal }: Looking,
): Promise<{ looked: LookedAt[]; gains: LaneGain[] }> {
  const { definition } = target;
  const userAgent = definition.browser.userAgent ?? (await pool.userAgent());
  const delivered = await rowsOfPages(files, urls, settings.parquet);
  const { home } = settings;
  const { batch } = manifest;
  const requests = await requestsOf(urls, { home, batch, target: definition, userAgent, signal });
  const second = createSecondLook({ target, pool, userAgent, log: logTo(process.stderr), signal });
  const looked: LookedAt[] = [];
  try {
    for (const [at, url] of urls.entries()) {
      const request = requests.get(url);
      const end: PageEnd = request === undefined ? UNLABELLED : await second.at(request);
      const page = { url, delivered: delivered.filter(({ _page_url }) => _page_url === url), end };
      process.stderr.write(
        `thresh: page ${at + 1} of ${urls.length}: ${endText(end)}  ${plainText(url, 200)}\n`,
      );
      looked.push(page);
    }
    return { looked, gains: await second.gains() };
  } finally {
    await second.close();
  }
}

const UNLABELLED: PageEnd = {
  outcome: 'skipped',
  why: 'its label is unknown: neither is the batch in this home nor does discovery name the page',
};

function checkedOf(
  { definition, columns = [] }: LoadedTarget<Column[]>,
  { manifest }: LastDataset,
  pages: readonly LookedAt[],
): Checked {
  const { name, key, gate } = definition;
  const { batch, date, schema } = manifest;
  const before = { columns: schema.columns as ColumnDescription[], key: schema.key };
  const fit = fitOf({
    columns,
    key,
    pages,
    schema: schemaChange(before, { columns: describeColumns(columns), key }),
    maxQuarantined: gate.maxQuarantined,
  });
  return { target: name, batch, date, ...fit };
}

function usage(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
