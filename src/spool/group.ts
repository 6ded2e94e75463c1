import { crc32 } from 'node:zlib';
import { createBreather } from '../breather.js';
import type { PageRecord, QuarantinedRecord, RowRecord } from './record.js';

/** What one attempt at a page leaves behind; written as one group or not at all. */
export interface PageGroup {
  rows: readonly RowRecord[];
  quarantined: readonly QuarantinedRecord[];
  page: Omit<PageRecord, 'kind' | 'rows' | 'quarantined' | 'bytes' | 'crc'>;
}

/** Characters; a part takes a few ms. */
const PART = 256 * 1024;

/** The group's lines, the commit last. Every line starts with its `kind`, so that readers need not parse the others. */
export function encodeGroup(group: PageGroup): Buffer {
  return Buffer.concat([...encodeParts(group)]);
}

/** Encoded at once. */
const FEW_ROWS = 100;

/** The group's lines in parts; a large one is encoded in turns with whatever else there is to do. */
export async function encodeGently(group: PageGroup): Promise<Buffer[]> {
  if (group.rows.length + group.quarantined.length <= FEW_ROWS) return [encodeGroup(group)];
  const parts: Buffer[] = [];
  const breathe = createBreather();
  for (const part of encodeParts(group)) {
    parts.push(part);
    await breathe();
  }
  return parts;
}

/** The same in parts of whole lines: a page may have as many rows as a catalogue. */
export function* encodeParts(group: PageGroup): Generator<Buffer> {
  let bytes = 0;
  let crc = 0;
  let lines = '';
  function part(): Buffer {
    const encoded = Buffer.from(lines, 'utf8');
    lines = '';
    bytes += encoded.length;
    crc = crc32(encoded, crc);
    return encoded;
  }
  for (const records of [group.rows, group.quarantined]) {
    for (const record of records) {
      lines += `${JSON.stringify(record)}\n`;
      if (lines.length >= PART) yield part();
    }
  }
  yield part();
  const commit: PageRecord = {
    kind: 'page',
    ...group.page,
    rows: group.rows.length,
    quarantined: group.quarantined.length,
    bytes,
    crc,
  };
  yield Buffer.from(`${JSON.stringify(commit)}\n`, 'utf8');
}
