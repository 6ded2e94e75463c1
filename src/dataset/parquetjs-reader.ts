/** Reads files that the parquetjs engine wrote, for machines without DuckDB: a group of rows at a time. */
import parquet from 'parquetjs-lite';
import type { DatasetReader, Rows } from './dataset-reader.js';
import { type Leaf, type Node, nodesOf, schemaOf } from './parquetjs-schema.js';
import { dateOf, numberOf } from './plain-values.js';

type Materialized = Record<string, unknown>;

export const parquetjsReader: DatasetReader = {
  async first(path, n) {
    const rows: Rows = [];
    for await (const group of groupsOf(path)) {
      rows.push(...group.slice(0, n - rows.length));
      if (rows.length >= n) break;
    }
    return rows;
  },
  async pagesAtEach(path, step) {
    const pages: string[] = [];
    let place = 0;
    for await (const group of groupsOf(path, '_page_url'))
      for (const { _page_url } of group) if (place++ % step === 0) pages.push(String(_page_url));
    return pages;
  },
  async ofPages(path, urls) {
    const wanted = new Set<unknown>(urls);
    const rows: Rows = [];
    for await (const group of groupsOf(path)) {
      for (const row of group) if (wanted.has(row._page_url)) rows.push(row);
    }
    return rows;
  },
};

/** With one column only when it is named. Throws what the library throws. */
async function* groupsOf(path: string, column?: string): AsyncGenerator<Rows> {
  const reader = await parquet.ParquetEnvelopeReader.openFile(path);
  try {
    await reader.readHeader();
    const metadata = await reader.readFooter();
    const all = nodesOf(metadata.schema);
    const nodes = column === undefined ? all : all.filter(({ name }) => name === column);
    const schema = schemaOf(all);
    for (const group of metadata.row_groups) {
      const buffer = await reader.readRowGroup(schema, group, column === undefined ? [] : [[column]]);
      const records = parquet.ParquetShredder.materializeRecords(schema, buffer);
      yield records.map((record) => fieldsOf(nodes, record));
    }
  } finally {
    await reader.close();
  }
}

function fieldsOf(nodes: readonly Node[], record: Materialized): Record<string, unknown> {
  return Object.fromEntries(nodes.map((node) => [node.name, nodeValue(node, record[node.name])]));
}

function nodeValue({ holds }: Node, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (!('nodes' in holds)) return leafValue(holds, value);
  const [inner] = holds.nodes;
  if (holds.group === 'STRUCT' || !inner || !('nodes' in inner.holds)) {
    return fieldsOf(holds.nodes, value as Materialized);
  }
  const parts = inner.holds.nodes;
  const items = ((value as Materialized)[inner.name] ?? []) as Materialized[];
  const rows = items.map((item) => fieldsOf(parts, item));
  if (holds.group === 'LIST') return rows.map((row) => row.element);
  return Object.fromEntries(rows.map((row) => [String(row.key), row.value]));
}

function leafValue({ converted, scale = 0 }: Leaf, value: unknown): unknown {
  switch (converted) {
    case 'UTF8':
      return (value as Buffer).toString();
    case 'INT_64':
      return numberOf(value as bigint);
    case 'DATE':
      return new Date((value as number) * 86_400_000).toISOString().slice(0, 10);
    case 'TIMESTAMP_MICROS':
      return dateOf(value as bigint);
    case 'DECIMAL':
      return decimalOf(value as Buffer, scale);
    default:
      return value;
  }
}

function decimalOf(bytes: Buffer, scale: number): string {
  const unscaled = (bytes.readBigInt64BE(0) << 64n) | bytes.readBigUInt64BE(8);
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return unscaled < 0n ? `-${text}` : text;
}
