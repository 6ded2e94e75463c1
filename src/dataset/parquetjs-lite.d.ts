/** The parts of parquetjs-lite 0.8.7 that are used; the package has no types of its own. */
declare module 'parquetjs-lite' {
  export interface FieldDefinition {
    type?: string;
    optional?: boolean;
    repeated?: boolean;
    compression?: 'UNCOMPRESSED' | 'GZIP' | 'SNAPPY';
    /** False: none are written. The library's own compare text by UTF-16 units, which misleads readers. */
    statistics?: false;
    typeLength?: number;
    fields?: Record<string, FieldDefinition>;
  }

  export class ParquetSchema {
    constructor(definition: Record<string, FieldDefinition>);
  }

  export interface EnvelopeOptions {
    useDataPageV2: boolean;
    /** Rows. */
    pageSize: number;
    pageIndex: boolean;
  }

  export class ParquetEnvelopeWriter {
    constructor(
      schema: ParquetSchema,
      write: (bytes: Buffer) => Promise<void>,
      close: () => Promise<void>,
      offset: number,
      options: EnvelopeOptions,
    );
    rowCount: number;
    rowGroups: unknown[];
    writeSection(bytes: Buffer): Promise<void>;
    writeFooter(metadata: Record<string, string>): Promise<void>;
  }

  export class ParquetWriter {
    constructor(schema: ParquetSchema, envelope: ParquetEnvelopeWriter, options: { rowGroupSize: number });
    appendRow(row: object): Promise<void>;
    setRowGroupSize(rows: number): void;
    setMetadata(key: string, value: string): void;
    close(): Promise<void>;
  }

  export interface ReadSchemaElement {
    name: string;
    type: number | null;
    repetition_type: number;
    num_children: number | null;
    converted_type: number | null;
    precision: number | null;
    scale: number | null;
  }

  export interface ReadMetadata {
    schema: ReadSchemaElement[];
    row_groups: object[];
  }

  export class ParquetEnvelopeReader {
    static openFile(path: string): Promise<ParquetEnvelopeReader>;
    readHeader(): Promise<void>;
    readFooter(): Promise<ReadMetadata>;
    readRowGroup(schema: ParquetSchema, group: object, columns: string[][]): Promise<object>;
    close(): Promise<void>;
  }

  const parquet: {
    ParquetSchema: typeof ParquetSchema;
    ParquetEnvelopeWriter: typeof ParquetEnvelopeWriter;
    ParquetWriter: typeof ParquetWriter;
    ParquetEnvelopeReader: typeof ParquetEnvelopeReader;
    ParquetShredder: { materializeRecords(schema: ParquetSchema, buffer: object): Record<string, unknown>[] };
  };
  export default parquet;
}

declare module 'parquetjs-lite/lib/types.js' {
  interface LogicalType {
    primitiveType: string;
    originalType?: string;
    typeLength?: number;
    toPrimitive(value: unknown): unknown;
    fromPrimitive?(value: unknown): unknown;
  }
  const types: { PARQUET_LOGICAL_TYPES: Record<string, LogicalType> };
  export default types;
}

declare module 'parquetjs-lite/lib/util.js' {
  const util: { serializeThrift(value: object): Buffer };
  export default util;
}

declare module 'parquetjs-lite/gen-nodejs/parquet_types.js' {
  type Fields = Record<string, unknown>;
  type Struct = new (fields?: Fields) => Fields;
  const thrift: {
    FileMetaData: Struct;
    SchemaElement: Struct;
    KeyValue: Struct;
    Type: Record<string, number>;
    ConvertedType: Record<string, number>;
    FieldRepetitionType: Record<string, number>;
  };
  export default thrift;
}
