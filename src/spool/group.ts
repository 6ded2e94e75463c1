import { crc32 } from 'node:zlib';
import type { PageRecord, QuarantinedRecord, RowRecord } from './record.js';

/** What one attempt at a page leaves behind; written as one group or not at all. */
export interface PageGroup {
  rows: readonly RowRecord[];
  quarantined: readonly QuarantinedRecord[];
  page: Omit<PageRecord, 'kind' | 'rows' | 'quarantined' | 'bytes' | 'crc'>;
}

/** The group's lines, the commit last. Every line starts with its `kind`, so that readers need not parse the others. */
export function encodeGroup(group: PageGroup): Buffer {
  const lines = [...group.rows, ...group.quarantined].map((record) => `${JSON.stringify(record)}\n`);
  const body = Buffer.from(lines.join(''), 'utf8');
  const commit: PageRecord = {
    kind: 'page',
    ...group.page,
    rows: group.rows.length,
    quarantined: group.quarantined.length,
    bytes: body.length,
    crc: crc32(body),
  };
  return Buffer.concat([body, Buffer.from(`${JSON.stringify(commit)}\n`, 'utf8')]);
}
