/** Reads one committed group at the place where an index found it. */
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { KeptPage, PageRecord, QuarantinedRecord, RowRecord, Validator } from './record.js';

export interface GroupPlace {
  /** The segment. */
  file: string;
  start: number;
  /** Of its rows, and their CRC-32. */
  bytes: number;
  crc: number;
  /** Of the commit behind them. */
  commitBytes: number;
}

export interface FoundRecords {
  rows: RowRecord[];
  quarantined: QuarantinedRecord[];
  /** What was kept of the page. */
  kept?: KeptPage;
  /** What its document was known by. */
  validator?: Validator;
}

/** Undefined when it is not there any more as it was written. */
export async function readGroup(place: GroupPlace): Promise<FoundRecords | undefined> {
  const handle = await open(place.file, 'r').catch(() => undefined); // cleaned up meanwhile
  if (handle === undefined) return undefined;
  try {
    const group = Buffer.alloc(place.bytes + place.commitBytes);
    const { bytesRead } = await handle.read(group, 0, group.length, place.start);
    return bytesRead === group.length ? recordsOf(group, place) : undefined;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

/** Undefined when it is not what was committed. */
export function recordsOf(
  group: Buffer,
  { bytes, crc }: Pick<GroupPlace, 'bytes' | 'crc'>,
): FoundRecords | undefined {
  const body = group.subarray(0, bytes);
  if (crc32(body) !== crc) return undefined;
  const { kept, validator } = JSON.parse(group.toString('utf8', bytes)) as PageRecord;
  const records = body
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RowRecord | QuarantinedRecord);
  return {
    rows: records.filter((record) => record.kind === 'row'),
    quarantined: records.filter((record) => record.kind === 'quarantined'),
    ...(kept === undefined ? {} : { kept }),
    ...(validator === undefined ? {} : { validator }),
  };
}
