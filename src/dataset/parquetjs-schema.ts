/**
 * The Parquet schema as parquetjs-lite is made to write it. The library knows LIST and MAP groups but not DECIMAL, and
 * it passes 64-bit integers through parseInt. So its type table gets types of ours that take values as they are, and
 * the footer, where the logical types stand, is written here.
 */
import parquet, {
  type FieldDefinition,
  type ParquetEnvelopeWriter,
  type ParquetSchema,
  type ReadSchemaElement,
} from 'parquetjs-lite';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import types from 'parquetjs-lite/lib/types.js';
import util from 'parquetjs-lite/lib/util.js';
import type { Column, ColumnType, Slot } from './column.js';

/** 16 bytes, big endian: holds 38 digits. */
export const DECIMAL_BYTES = 16;

type Physical = 'BOOLEAN' | 'INT32' | 'INT64' | 'DOUBLE' | 'BYTE_ARRAY' | 'FIXED_LEN_BYTE_ARRAY';

export interface Leaf {
  physical: Physical;
  converted?: 'UTF8' | 'INT_64' | 'DATE' | 'TIMESTAMP_MICROS' | 'DECIMAL';
  precision?: number;
  scale?: number;
}

export interface Node {
  name: string;
  repetition: 'OPTIONAL' | 'REQUIRED' | 'REPEATED';
  holds: Leaf | { group: 'LIST' | 'MAP' | 'STRUCT'; nodes: Node[] };
}

const AS_IS = 'thresh:';

for (const primitiveType of ['BOOLEAN', 'INT32', 'INT64', 'DOUBLE', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY']) {
  const name = AS_IS + primitiveType;
  // The library finds a leaf's conversion by its original type, hence the name in both places.
  types.PARQUET_LOGICAL_TYPES[name] = { primitiveType, originalType: name, toPrimitive: (value) => value };
}

function leafOf(type: Exclude<ColumnType, { kind: 'list' | 'struct' | 'map' }>): Leaf {
  switch (type.kind) {
    case 'string':
      return { physical: 'BYTE_ARRAY', converted: 'UTF8' };
    case 'double':
      return { physical: 'DOUBLE' };
    case 'int64':
      return { physical: 'INT64', converted: 'INT_64' };
    case 'boolean':
      return { physical: 'BOOLEAN' };
    case 'timestamp':
      return { physical: 'INT64', converted: 'TIMESTAMP_MICROS' };
    case 'date':
      return { physical: 'INT32', converted: 'DATE' };
    case 'decimal':
      return {
        physical: 'FIXED_LEN_BYTE_ARRAY',
        converted: 'DECIMAL',
        precision: type.precision,
        scale: type.scale,
      };
  }
}

function nodeOf(name: string, { type }: Slot): Node {
  switch (type.kind) {
    case 'list': {
      const list: Node = {
        name: 'list',
        repetition: 'REPEATED',
        holds: { group: 'STRUCT', nodes: [nodeOf('element', type.element)] },
      };
      return { name, repetition: 'OPTIONAL', holds: { group: 'LIST', nodes: [list] } };
    }
    case 'map': {
      const key: Node = {
        name: 'key',
        repetition: 'REQUIRED',
        holds: { physical: 'BYTE_ARRAY', converted: 'UTF8' },
      };
      const entries: Node = {
        name: 'key_value',
        repetition: 'REPEATED',
        holds: { group: 'STRUCT', nodes: [key, nodeOf('value', type.value)] },
      };
      return { name, repetition: 'OPTIONAL', holds: { group: 'MAP', nodes: [entries] } };
    }
    case 'struct':
      return {
        name,
        repetition: 'OPTIONAL',
        holds: { group: 'STRUCT', nodes: type.fields.map((field) => nodeOf(field.name, field)) },
      };
    default:
      // All leaves are OPTIONAL as DuckDB's are, whatever the schema says: both engines' files read the same.
      return { name, repetition: 'OPTIONAL', holds: leafOf(type) };
  }
}

function definitionOf(nodes: readonly Node[]): Record<string, FieldDefinition> {
  return Object.fromEntries(
    nodes.map(({ name, repetition, holds }) => {
      const definition: FieldDefinition = {
        optional: repetition === 'OPTIONAL',
        repeated: repetition === 'REPEATED',
        statistics: false,
      };
      if ('nodes' in holds) {
        definition.fields = definitionOf(holds.nodes);
        if (holds.group !== 'STRUCT') definition.type = holds.group;
      } else {
        definition.type = AS_IS + holds.physical;
        definition.compression = 'GZIP';
        if (holds.physical === 'FIXED_LEN_BYTE_ARRAY') definition.typeLength = DECIMAL_BYTES;
      }
      return [name, definition];
    }),
  );
}

/** Depth first, as a footer lists them. */
function elementsOf(nodes: readonly Node[]): object[] {
  return nodes.flatMap(({ name, repetition, holds }) => {
    const place = { name, repetition_type: thrift.FieldRepetitionType[repetition] };
    if ('nodes' in holds) {
      const converted = holds.group === 'STRUCT' ? undefined : thrift.ConvertedType[holds.group];
      const group = { ...place, num_children: holds.nodes.length, converted_type: converted };
      return [new thrift.SchemaElement(group), ...elementsOf(holds.nodes)];
    }
    const leaf = {
      ...place,
      type: thrift.Type[holds.physical],
      converted_type: holds.converted && thrift.ConvertedType[holds.converted],
      precision: holds.precision,
      scale: holds.scale,
      type_length: holds.physical === 'FIXED_LEN_BYTE_ARRAY' ? DECIMAL_BYTES : undefined,
    };
    return [new thrift.SchemaElement(leaf)];
  });
}

export interface ParquetLayout {
  schema: ParquetSchema;
  /** The file's last section: metadata, its length and the closing mark. */
  footer(envelope: ParquetEnvelopeWriter, metadata: Readonly<Record<string, string>>): Buffer;
}

/** The library's schema of the columns, and the footer that says what their values mean. */
export function layoutOf(columns: readonly Column[]): ParquetLayout {
  const nodes = columns.map((column) => nodeOf(column.name, column));
  const root = new thrift.SchemaElement({ name: 'root', num_children: nodes.length });
  return {
    schema: schemaOf(nodes),
    footer(envelope, metadata) {
      const file = new thrift.FileMetaData({
        version: 1,
        created_by: 'thresh (parquetjs-lite)',
        num_rows: envelope.rowCount,
        row_groups: envelope.rowGroups,
        schema: [root, ...elementsOf(nodes)],
        key_value_metadata: Object.entries(metadata).map(
          ([key, value]) => new thrift.KeyValue({ key, value }),
        ),
      });
      const body = util.serializeThrift(file);
      const tail = Buffer.alloc(8, 'PAR1PAR1', 'latin1');
      tail.writeUInt32LE(body.length, 0);
      return Buffer.concat([body, tail]);
    },
  };
}

/** The library's schema of nodes that were read from a file. */
export function schemaOf(nodes: readonly Node[]): ParquetSchema {
  return new parquet.ParquetSchema(definitionOf(nodes));
}

/** The nodes of a footer's elements (depth first, the root first), as far as files of this engine use them. */
export function nodesOf(elements: readonly ReadSchemaElement[]): Node[] {
  let at = 1;
  const read = (count: number): Node[] => Array.from({ length: count }, next);
  const next = (): Node => {
    const element = elements[at];
    if (!element) throw new Error('the schema in the footer is cut short');
    at += 1;
    const repetition = wordOf(thrift.FieldRepetitionType, element.repetition_type) as Node['repetition'];
    const converted = wordOf(thrift.ConvertedType, element.converted_type);
    if (element.num_children) {
      const group = converted === 'LIST' || converted === 'MAP' ? converted : 'STRUCT';
      return { name: element.name, repetition, holds: { group, nodes: read(element.num_children) } };
    }
    const leaf = {
      physical: wordOf(thrift.Type, element.type),
      converted,
      scale: element.scale ?? 0,
    } as Leaf;
    return { name: element.name, repetition, holds: leaf };
  };
  return read(elements[0]?.num_children ?? 0);
}

function wordOf(words: Record<string, number>, number: number | null): string | undefined {
  return Object.keys(words).find((word) => words[word] === number);
}
