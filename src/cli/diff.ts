/** `thresh diff BATCH BATCH`: rows added, gone and changed between two delivered batches of one target. */
import { once } from 'node:events';
import path from 'node:path';
import { type BatchDiff, withBatchDiff } from '../batch/diff.js';
import type { RowChange } from '../dataset/diff.js';
import { ThreshError } from '../errors.js';
import type { Settings } from '../settings.js';
import { plainJson } from '../telemetry/plain-text.js';
import { changesText, summaryOf, summaryText } from './diff-view.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { bringHome } from './share.js';
import { onStopSignals } from './stop-signals.js';

export interface DiffOptions {
  json?: boolean;
  /** A Parquet file for all changes. */
  out?: string;
  columns?: string[];
  /** Changes that are shown: 20 in the table, all as JSON. */
  limit?: number;
}

const SHOWN = 20;

/** Exit code 0 whatever is found. */
export async function diff(
  before: string,
  after: string,
  options: DiffOptions,
  settings: Settings,
): Promise<ExitCode> {
  if (options.json === true && options.out !== undefined)
    throw new ThreshError('--json and --out are two forms of the same changes', {
      code: 'USAGE',
      scope: 'batch',
      mend: 'choose one of them',
    });
  for (const batch of [before, after]) await bringHome(settings, batch);
  const stopping = new AbortController();
  const signals = onStopSignals({
    first: () => stopping.abort(new Error('interrupted')),
    second: () => process.exit(EXIT.interrupted),
  });
  const { home, out, s3 } = settings;
  const only = options.columns?.flatMap((names) => names.split(',')).filter((name) => name !== '');
  try {
    await withBatchDiff({ home, out, s3, before, after, only, signal: stopping.signal }, (found) =>
      tell(found, options),
    );
    return EXIT.ok;
  } finally {
    signals.release();
  }
}

async function tell(found: BatchDiff, { json, out, limit }: DiffOptions): Promise<void> {
  if (json === true) {
    await tellLine(summaryOf(found));
    for await (const change of found.changes(limit)) await tellLine(changeLine(change));
    return;
  }
  if (out !== undefined) await found.writeParquet(path.resolve(out));
  process.stdout.write(summaryText(found));
  if (out !== undefined) {
    process.stdout.write(`all changes: ${path.resolve(out)}\n`);
    return;
  }
  const shown: RowChange[] = [];
  for await (const change of found.changes(limit ?? SHOWN)) shown.push(change);
  process.stdout.write(changesText(found, shown, process.stdout.columns));
}

/** Of a row that changed only what did. */
function changeLine({ change, key, columns, page, before, after }: RowChange): unknown {
  const changed = (row: RowChange['before']): unknown =>
    change === 'changed' ? Object.fromEntries(columns.map((name) => [name, row?.[name]])) : row;
  return { change, key, columns, page, before: changed(before), after: changed(after) };
}

async function tellLine(value: unknown): Promise<void> {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? inner.toString() : inner,
  );
  if (!process.stdout.write(`${plainJson(text)}\n`)) await once(process.stdout, 'drain');
}
