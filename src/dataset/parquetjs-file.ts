/** One Parquet file written row by row through parquetjs-lite, with row groups bounded in bytes as well as in rows. */
import { open } from 'node:fs/promises';
import parquet from 'parquetjs-lite';
import type { ParquetLayout } from './parquetjs-schema.js';

const ROWS_PER_GROUP = 65_536;
const BYTES_PER_GROUP = 16 * 1024 * 1024;
const ROWS_PER_PAGE = 4_096;

export interface ParquetFile {
  /** `bytes`: about how large the row is. */
  append(record: object, bytes: number): Promise<void>;
  /** Writes the footer and closes. */
  finish(): Promise<void>;
  /** Closes without a footer: the file is no Parquet file and must be removed. */
  abandon(): Promise<void>;
}

/** Creates the file; `metadata` becomes its key-value metadata. */
export async function createParquetFile(
  path: string,
  layout: ParquetLayout,
  metadata: Readonly<Record<string, string>>,
): Promise<ParquetFile> {
  const handle = await open(path, 'w');
  let tail: Promise<void> = Promise.resolve();
  const envelope = new parquet.ParquetEnvelopeWriter(
    layout.schema,
    (bytes) => {
      tail = tail.then(() => handle.writeFile(bytes));
      // The library does not wait for its first write; its failure comes back with the next.
      tail.catch(() => undefined);
      return tail;
    },
    () => handle.close(),
    0,
    { useDataPageV2: false, pageSize: ROWS_PER_PAGE, pageIndex: false },
  );
  envelope.writeFooter = () => envelope.writeSection(layout.footer(envelope, metadata));
  const writer = new parquet.ParquetWriter(layout.schema, envelope, { rowGroupSize: ROWS_PER_GROUP });
  let groupBytes = 0;
  let groupRows = 0;
  return {
    async append(record, bytes) {
      groupBytes += bytes;
      groupRows += 1;
      const full = groupBytes >= BYTES_PER_GROUP || groupRows >= ROWS_PER_GROUP;
      // The library closes a group after the append that reaches its size.
      writer.setRowGroupSize(full ? groupRows : ROWS_PER_GROUP);
      await writer.appendRow(record);
      if (full) {
        groupBytes = 0;
        groupRows = 0;
      }
    },
    finish: () => writer.close(),
    abandon: () => handle.close(),
  };
}
