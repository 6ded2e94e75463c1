/** `thresh run`: one batch to its end in this process, or watching the process that already runs it. */
import { loadChecked } from '../batch/context.js';
import { dateIn, type OpenedBatch, openBatch } from '../batch/open-batch.js';
import { openDestination } from '../delivery/destination.js';
import { ThreshError } from '../errors.js';
import { readSettings, type Settings } from '../settings.js';
import { carryBatch, type Engines } from './carry-batch.js';
import type { EarlyBrowsers } from './early-browsers.js';
import type { ExitCode } from './exit-codes.js';
import { pagesAtOnce } from './pages-at-once.js';

export interface RunOptions {
  date?: string;
  out?: string;
  limit?: number;
  concurrency?: number;
  /** False: not held back to what the target's window needs. */
  pace?: boolean;
  json?: boolean;
  targetsDir?: string;
  /** Begun already. */
  browsers?: EarlyBrowsers;
}

export async function run(ref: string, options: RunOptions, settings: Settings): Promise<ExitCode> {
  const target = await loadChecked(ref, options.targetsDir);
  const { definition } = target;
  const date = options.date ?? dateIn(definition.schedule?.tz ?? 'UTC', new Date());
  if (!isDate(date)) {
    throw new ThreshError(`"${date}" is not a date`, {
      code: 'USAGE',
      scope: 'batch',
      mend: 'write it as 2026-03-31',
    });
  }
  const out = outFolder(options.out, definition.deliver?.to, settings);
  const destination = await openDestination(out, settings.s3);
  await destination.probe().finally(() => destination.close());
  const open = ({ redis, share }: Engines): Promise<OpenedBatch> =>
    openBatch(
      {
        home: settings.home,
        target,
        date,
        out,
        share,
        ...(options.limit === undefined ? {} : { limit: options.limit }),
        ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
        ...(options.pace === false ? { pace: false } : {}),
      },
      redis,
    );
  const atOnce = pagesAtOnce(options.concurrency, definition.throttle.maxConcurrency);
  return carryBatch({ open, browsers: options.browsers, ...atOnce, json: options.json === true }, settings);
}

/** Throws USAGE for what is neither a folder of this machine nor a place in S3. */
export function outFolder(
  typed: string | undefined,
  ofTarget: string | undefined,
  settings: Settings,
): string {
  const named = typed ?? ofTarget;
  return named === undefined ? settings.out : readSettings({}, { out: named }).out;
}

export function isDate(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
    new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)
  );
}
