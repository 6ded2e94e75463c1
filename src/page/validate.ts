import type { z } from 'zod';
import { createBreather } from '../breather.js';
import { reasonOf } from '../errors.js';
import type { QuarantinedRecord, RowRecord } from '../spool/record.js';

/** A refused row is kept as it was, up to this many characters of JSON. */
const MAX_KEPT = 64 * 1024;
const MAX_ISSUES = 20;

export interface ValidatedRows {
  rows: RowRecord[];
  quarantined: QuarantinedRecord[];
}

export interface RowOrigin {
  page: number;
  url: string;
  attempt: number;
  fetchedAt: string;
}

/** Encodes a valid row for a segment; what it throws puts the row into quarantine. */
export type EncodeRow = (row: Record<string, unknown>) => Record<string, unknown>;

/** Parts what the schema takes from what it refuses. No row is dropped. */
export async function validateRows(
  schema: z.ZodObject,
  found: readonly unknown[],
  { origin, encode }: { origin: RowOrigin; encode: EncodeRow },
): Promise<ValidatedRows> {
  const rows: RowRecord[] = [];
  const quarantined: QuarantinedRecord[] = [];
  const breathe = createBreather();
  for (const [index, row] of found.entries()) {
    await breathe();
    const { page, url, attempt, fetchedAt } = origin;
    const outcome = await validateRow(schema, row, encode);
    if ('row' in outcome) rows.push({ kind: 'row', page, index, url, fetchedAt, row: outcome.row });
    else
      quarantined.push({
        kind: 'quarantined',
        page,
        index,
        url,
        attempt,
        fetchedAt,
        row: kept(row),
        issues: outcome.issues,
      });
  }
  return { rows, quarantined };
}

type Outcome = { row: Record<string, unknown> } | { issues: QuarantinedRecord['issues'] };

async function validateRow(schema: z.ZodObject, row: unknown, encode: EncodeRow): Promise<Outcome> {
  try {
    const parsed = await schema.safeParseAsync(row);
    if (parsed.success) return { row: encode(parsed.data) };
    const issues = parsed.error.issues.slice(0, MAX_ISSUES).map((issue) => ({
      path: issue.path.map(String).join('.'),
      code: issue.code ?? 'custom',
      message: issue.message.slice(0, 500),
    }));
    return { issues };
  } catch (error) {
    // A refinement or transform of the target that throws, or a value that Parquet cannot hold.
    return { issues: [{ path: '', code: 'threw', message: reasonOf(error) }] };
  }
}

function kept(row: unknown): unknown {
  const seen = new WeakSet<object>();
  let text: string | undefined;
  try {
    text = JSON.stringify(row, (_, value: unknown) => {
      if (typeof value === 'bigint') return value.toString();
      if (typeof value === 'object' && value !== null) {
        if (seen.has(value)) return '[circular or repeated]';
        seen.add(value);
      }
      return value;
    });
  } catch (error) {
    return { unreadable: reasonOf(error) };
  }
  if (text === undefined) return { unreadable: typeof row };
  return text.length <= MAX_KEPT
    ? (JSON.parse(text) as unknown)
    : { cut: text.slice(0, MAX_KEPT), length: text.length };
}
