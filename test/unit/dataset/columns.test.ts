import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeColumns, schemaHash } from '../../../src/dataset/column.js';
import { checkKey, columnsOf } from '../../../src/dataset/columns.js';

function described(schema: z.ZodType): string {
  const { columns, problems } = columnsOf(z.object({ value: schema }));
  if (problems.length > 0) return `refused: ${problems.map((problem) => problem.message).join('; ')}`;
  const [column] = describeColumns(columns);
  return `${column?.type}${column?.nullable ? '' : ' NOT NULL'}`;
}

enum Level {
  Low = 1,
  High = 2,
}

const KNOWN: [string, z.ZodType, string][] = [
  ['string', z.string().min(1).trim(), 'VARCHAR NOT NULL'],
  ['url', z.url(), 'VARCHAR NOT NULL'],
  ['stringFormat', z.stringFormat('sku', /^[A-Z]+$/), 'VARCHAR NOT NULL'],
  ['template literal', z.templateLiteral(['sku-', z.number()]), 'VARCHAR NOT NULL'],
  ['iso datetime', z.iso.datetime(), 'VARCHAR NOT NULL'],
  ['iso datetime declared', z.iso.datetime().meta({ parquet: 'timestamp' }), 'TIMESTAMP NOT NULL'],
  ['iso date', z.iso.date(), 'VARCHAR NOT NULL'],
  ['iso date declared', z.iso.date().meta({ parquet: 'date' }), 'DATE NOT NULL'],
  ['number', z.number().positive(), 'DOUBLE NOT NULL'],
  ['float32', z.float32(), 'DOUBLE NOT NULL'],
  ['int', z.int(), 'BIGINT NOT NULL'],
  ['number().int()', z.number().min(0).int(), 'BIGINT NOT NULL'],
  ['int32', z.int32(), 'BIGINT NOT NULL'],
  ['uint32', z.uint32(), 'BIGINT NOT NULL'],
  ['int64', z.int64(), 'BIGINT NOT NULL'],
  ['uint64', z.uint64(), 'DECIMAL(20,0) NOT NULL'],
  ['bigint', z.bigint(), 'DECIMAL(38,0) NOT NULL'],
  ['bigint within int64', z.bigint().min(0n).max(10n), 'BIGINT NOT NULL'],
  ['bigint with one bound', z.bigint().min(0n), 'DECIMAL(38,0) NOT NULL'],
  ['bigint declared', z.bigint().meta({ parquet: 'int64' }), 'BIGINT NOT NULL'],
  ['boolean', z.boolean(), 'BOOLEAN NOT NULL'],
  ['stringbool', z.stringbool(), 'BOOLEAN NOT NULL'],
  ['date', z.date(), 'TIMESTAMP NOT NULL'],
  ['date as a day', z.date().meta({ parquet: 'date' }), 'DATE NOT NULL'],
  ['decimal text', z.string().meta({ parquet: 'decimal(18,2)' }), 'DECIMAL(18,2) NOT NULL'],
  ['decimal without scale', z.string().meta({ parquet: 'Decimal( 9 )' }), 'DECIMAL(9,0) NOT NULL'],
  ['decimal number', z.number().meta({ parquet: 'decimal(10,4)' }), 'DECIMAL(10,4) NOT NULL'],
  ['declared before a check', z.string().meta({ parquet: 'decimal(9,2)' }).min(1), 'DECIMAL(9,2) NOT NULL'],
  ['declared outside', z.string().optional().meta({ parquet: 'decimal(9,2)' }), 'DECIMAL(9,2)'],
  ['enum', z.enum(['a', 'b']), 'VARCHAR NOT NULL'],
  ['number enum', z.enum(Level), 'BIGINT NOT NULL'],
  ['literal', z.literal('a'), 'VARCHAR NOT NULL'],
  ['literals', z.literal([1, 2.5]), 'DOUBLE NOT NULL'],
  ['literals with null', z.literal(['a', null]), 'VARCHAR'],
  ['bigint literal', z.literal(5n), 'BIGINT NOT NULL'],
  ['union of literals', z.union([z.literal('a'), z.literal('b')]), 'VARCHAR NOT NULL'],
  ['union with null', z.union([z.number(), z.null()]), 'DOUBLE'],
  ['union of numbers', z.union([z.int(), z.number()]), 'DOUBLE NOT NULL'],
  ['optional', z.string().optional(), 'VARCHAR'],
  ['nullable', z.string().nullable(), 'VARCHAR'],
  ['nullish', z.string().nullish(), 'VARCHAR'],
  ['default', z.string().default('a'), 'VARCHAR NOT NULL'],
  ['default of optional', z.string().optional().default('a'), 'VARCHAR NOT NULL'],
  ['default of nullable', z.string().nullable().default('a'), 'VARCHAR'],
  ['nonoptional', z.string().optional().nonoptional(), 'VARCHAR NOT NULL'],
  ['prefault', z.string().prefault('a'), 'VARCHAR NOT NULL'],
  ['catch', z.number().catch(0), 'DOUBLE NOT NULL'],
  ['readonly', z.array(z.string()).readonly(), 'VARCHAR[] NOT NULL'],
  ['brand', z.string().brand<'sku'>(), 'VARCHAR NOT NULL'],
  ['lazy', z.lazy(() => z.number()), 'DOUBLE NOT NULL'],
  ['refine', z.number().refine((value) => value > 1), 'DOUBLE NOT NULL'],
  ['coerce', z.coerce.number(), 'DOUBLE NOT NULL'],
  ['coerce date', z.coerce.date(), 'TIMESTAMP NOT NULL'],
  ['preprocess', z.preprocess((value) => value, z.boolean()), 'BOOLEAN NOT NULL'],
  ['transform and pipe', z.string().transform(Number).pipe(z.int()), 'BIGINT NOT NULL'],
  ['transform declared', z.string().transform(Number).meta({ parquet: 'double' }), 'DOUBLE NOT NULL'],
  ['any declared', z.any().meta({ parquet: 'boolean' }), 'BOOLEAN NOT NULL'],
  [
    'codec',
    z.codec(z.string(), z.date(), { decode: (t) => new Date(t), encode: String }),
    'TIMESTAMP NOT NULL',
  ],
  ['array', z.array(z.int().nullable()), 'BIGINT[] NOT NULL'],
  ['nested array', z.array(z.array(z.date())), 'TIMESTAMP[][] NOT NULL'],
  ['object', z.object({ a: z.string(), 'b "x"': z.int() }), 'STRUCT("a" VARCHAR, "b ""x""" BIGINT) NOT NULL'],
  ['strict object', z.strictObject({ a: z.string() }).optional(), 'STRUCT("a" VARCHAR)'],
  ['record', z.record(z.string(), z.number()), 'MAP(VARCHAR, DOUBLE) NOT NULL'],
  ['record of enum keys', z.record(z.enum(['a', 'b']), z.boolean()), 'MAP(VARCHAR, BOOLEAN) NOT NULL'],
  ['partial record', z.partialRecord(z.enum(['a', 'b']), z.int()), 'MAP(VARCHAR, BIGINT) NOT NULL'],
];

test.each(KNOWN)('%s becomes a column', (_name, schema, type) => {
  expect(described(schema)).toBe(type);
});

type Recursive = { name: string; parts: Recursive[] };
const recursive: z.ZodType<Recursive> = z.object({
  name: z.string(),
  get parts() {
    return z.array(recursive);
  },
});

const REFUSED: [string, z.ZodType, RegExp, RegExp][] = [
  ['any', z.any(), /anything/, /z\.string\(\)/],
  ['unknown', z.unknown(), /anything/, /meta/],
  ['never', z.never(), /no value/, /leave it out/],
  ['null', z.null(), /always null/, /nullable/],
  ['undefined', z.undefined(), /always undefined/, /optional/],
  ['void', z.void(), /always undefined/, /optional/],
  ['nan', z.nan(), /NaN/, /nullable/],
  ['symbol', z.symbol(), /symbol/, /z\.string/],
  ['function', z.custom<() => void>(), /do not say/, /meta/],
  ['instanceof', z.instanceof(URL), /do not say/, /meta/],
  ['map', z.map(z.string(), z.string()), /Map/, /z\.record/],
  ['set', z.set(z.string()), /Set/, /z\.array/],
  ['tuple', z.tuple([z.string(), z.number()]), /tuple/, /z\.object/],
  ['file', z.file(), /file/, /URL/],
  ['promise', z.promise(z.string()), /promise/, /await/],
  ['mixed union', z.union([z.string(), z.number()]), /different types/, /one type/],
  [
    'union of objects',
    z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
    /different/,
    /optional/,
  ],
  ['mixed literals', z.literal(['a', 1]), /different types/, /one type/],
  ['null literal', z.literal(null), /always null/, /nullable/],
  [
    'intersection',
    z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })),
    /intersection/,
    /extend/,
  ],
  ['transform', z.string().transform(Number), /no type that can be seen/, /\.pipe/],
  ['recursive', recursive, /contains itself/, /unfold/],
  ['endless lazy', endless(), /too deeply/, /flatten/],
  ['loose object', z.looseObject({ a: z.string() }), /unknown fields/, /z\.record/],
  ['empty object', z.object({}), /without fields/, /z\.record/],
  ['metadata that names no type', z.string().meta({ parquet: 'money' }), /names no type/, /decimal\(p,s\)/],
  ['decimal of 39 digits', z.string().meta({ parquet: 'decimal(39,2)' }), /names no type/, /38/],
  ['scale over precision', z.string().meta({ parquet: 'decimal(2,3)' }), /names no type/, /up to p/],
  [
    'metadata of another kind',
    z.boolean().meta({ parquet: 'date' }),
    /boolean cannot be stored as date/,
    /remove/,
  ],
  ['metadata of a list', z.array(z.string()).meta({ parquet: 'string' }), /array cannot be stored/, /inside/],
  [
    'local time as an instant',
    z.iso.datetime({ local: true }).meta({ parquet: 'timestamp' }),
    /zone/,
    /offset/,
  ],
];

function endless(): z.ZodType {
  return z.lazy(() => z.array(endless()));
}

test.each(REFUSED)('%s is refused with what to use instead', (_name, schema, message, mend) => {
  const { problems } = columnsOf(z.object({ value: schema }));
  expect(problems).toHaveLength(1);
  expect(problems[0]?.message).toMatch(message);
  expect(problems[0]?.mend).toMatch(mend);
  expect(problems[0]?.path).toMatch(/^value/);
});

test('every problem is named at once, each with its path', () => {
  const { problems } = columnsOf(
    z.object({
      ok: z.string(),
      bad: z.any(),
      list: z.array(z.set(z.string())),
      record: z.record(z.string(), z.unknown()),
      deep: z.object({ inner: z.array(z.object({ x: z.symbol(), X: z.string() })) }),
      _batch_id: z.string(),
      _Fetched_At: z.string(),
      '': z.string(),
      Ok: z.string(),
      'a,b': z.string(),
    }),
  );
  expect(problems.map((problem) => problem.path).sort()).toEqual(
    [
      '',
      '_Fetched_At',
      '_batch_id',
      'Ok',
      'a,b',
      'bad',
      'deep.inner[].X',
      'deep.inner[].x',
      'list[]',
      'record{}',
    ].sort(),
  );
});

test('one schema used twice is not recursive', () => {
  const price = z.object({ amount: z.number() });
  expect(columnsOf(z.object({ now: price, before: price, all: z.array(price) })).problems).toEqual([]);
});

describe('checkKey', () => {
  const { columns } = columnsOf(
    z.object({ sku: z.string(), shop: z.string().optional(), tags: z.array(z.string()), at: z.date() }),
  );
  test.each([
    [['sku'], []],
    [['sku', 'at'], []],
    [[], ['key']],
    [['nope'], ['key[0]']],
    [['shop'], ['key[0]']],
    [
      ['sku', 'tags', 'sku'],
      ['key[1]', 'key[2]'],
    ],
  ])('%j has problems at %j', (key, paths) => {
    expect(checkKey(columns, key).map((problem) => problem.path)).toEqual(paths);
  });
});

test('the hash follows names, types, order and nullability', () => {
  const hash = (shape: z.ZodRawShape) => schemaHash(columnsOf(z.object(shape)).columns);
  const base = hash({ a: z.string(), b: z.int() });
  expect(base).toMatch(/^[0-9a-f]{64}$/);
  expect(hash({ a: z.url(), b: z.int32() })).toBe(base);
  const others = [
    hash({ b: z.int(), a: z.string() }),
    hash({ a: z.string(), c: z.int() }),
    hash({ a: z.string(), b: z.number() }),
    hash({ a: z.string(), b: z.int().optional() }),
  ];
  expect(new Set([base, ...others]).size).toBe(5);
});
