/** What `thresh debug` shows of the last good rows of its page: each beside the one with its key that is read now. */
import { setTimeout as delay } from 'node:timers/promises';
import { type LastRows, lastRowsOf } from '../batch/last-rows.js';
import type { Column } from '../dataset/column.js';
import { type BesideField, besideFields, matchRows } from '../dataset/match-rows.js';
import { reasonOf } from '../errors.js';
import type { CompletedPage } from '../page/render.js';
import type { Settings } from '../settings.js';
import type { LoadedTarget } from '../target/load.js';
import { plainText } from '../telemetry/plain-text.js';
import { outFolder } from './run.js';

export interface Beside {
  /** That delivered the rows. */
  batch: string;
  date: string;
  rows: BesideRow[];
  /** Rows that were not delivered of this page. */
  came: number;
  /** Rows that were, and are not read now. */
  missing: number;
}

export interface BesideRow {
  /** By the schema, now. */
  refused: boolean;
  /** The key's columns come first. */
  fields: BesideField[];
}

/** A store that does not answer is not waited for. */
const LIMIT_MS = 15_000;

/** Undefined when nothing was delivered of the page. What cannot be read is told, and keeps nobody. */
export async function lastGoodRows(
  url: string,
  { definition }: LoadedTarget<Column[]>,
  { settings, out }: { settings: Settings; out: string | undefined },
): Promise<LastRows | undefined> {
  const { home, s3, parquet: engine } = settings;
  const over = new AbortController();
  try {
    const late = delay(LIMIT_MS, undefined, { signal: over.signal, ref: false }).then(() => {
      throw new Error('no answer in time');
    });
    const found = lastRowsOf(url, {
      target: definition.name,
      identity: definition.url,
      out: out ?? outFolder(undefined, definition.deliver?.to, settings),
      home,
      s3,
      engine,
    });
    for (const either of [late, found]) either.catch(() => undefined); // the loser of the race
    return await Promise.race([found, late]);
  } catch (error) {
    process.stderr.write(`thresh: the last good rows are not shown: ${plainText(reasonOf(error), 300)}\n`);
    return undefined;
  } finally {
    over.abort();
  }
}

export function besideOf(
  { batch, date, rows: delivered }: LastRows,
  { rows, quarantined }: Pick<CompletedPage, 'rows' | 'quarantined'>,
  { definition, columns = [] }: LoadedTarget<Column[]>,
): Beside {
  const { key } = definition;
  const refused = quarantined.map(({ row, issues }) => ({ row: isRow(row) ? row : {}, issues }));
  const matched = matchRows({ columns, key }, delivered, [...rows, ...refused]);
  return {
    batch,
    date,
    rows: matched.pairs.map(({ before, now }) => ({
      refused: now.issues !== undefined,
      fields: keyFirst(besideFields(columns, now.row, before), key),
    })),
    came: matched.came.length,
    missing: matched.missing.length,
  };
}

function keyFirst(fields: readonly BesideField[], key: readonly string[]): BesideField[] {
  const isKey = ({ name }: BesideField): boolean => key.includes(name);
  return [...fields.filter(isKey), ...fields.filter((field) => !isKey(field))];
}

function isRow(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
