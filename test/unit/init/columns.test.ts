import { describe, expect, test } from 'vitest';
import { columnsFrom, widen } from '../../../src/init/columns.js';
import type { FoundField } from '../../../src/init/found.js';
import type { Proposal } from '../../../src/init/proposal.js';
import type { Cell, SampleRow } from '../../../src/init/samples.js';

function proposalOf(...fields: (Partial<FoundField> & { name: string })[]): Proposal {
  return {
    source: 'repeated',
    isList: true,
    count: 2,
    rows: '.card',
    type: undefined,
    root: undefined,
    isBeside: false,
    fields: fields.map((field) => ({
      select: `.${field.name}`,
      attribute: null,
      kind: 'text',
      all: false,
      by: 'class',
      ...field,
      from: 'repeated',
    })),
  };
}

function rowOf(cells: Record<string, string | number | string[] | Date | undefined>): SampleRow {
  return new Map(
    Object.entries(cells).map(([name, value]): [string, Cell] => {
      const text =
        value instanceof Date ? value.toISOString() : Array.isArray(value) ? undefined : value?.toString();
      const number = Number(/\d[\d.]*/.exec(text ?? '')?.[0] ?? Number.NaN);
      return [
        name,
        {
          text,
          number: Number.isNaN(number) ? undefined : number,
          date: value instanceof Date ? value : undefined,
          list: Array.isArray(value) ? value : undefined,
        },
      ];
    }),
  );
}

const kinds = (proposal: Proposal, rows: SampleRow[]): Record<string, string> =>
  Object.fromEntries(
    columnsFrom(proposal, rows).columns.map(({ name, kind, optional }) => [
      name,
      `${kind}${optional ? '?' : ''}`,
    ]),
  );

describe('types', () => {
  test('numbers where every row has one, but not of what names something', () => {
    const proposal = proposalOf({ name: 'sku' }, { name: 'price' }, { name: 'stock' }, { name: 'size' });
    const rows = [
      rowOf({ sku: '100', price: '€12.50', stock: '3 left', size: '040' }),
      rowOf({ sku: '101', price: '1 EUR', stock: '4 left', size: '041' }),
    ];
    expect(kinds(proposal, rows)).toEqual({
      sku: 'string',
      price: 'number',
      stock: 'string',
      size: 'string',
    });
  });

  test('one text among the numbers makes texts of them, and says so', () => {
    const rows = [rowOf({ price: '1.00' }), rowOf({ price: '2.00' }), rowOf({ price: 'call us' })];
    const [price] = columnsFrom(proposalOf({ name: 'price' }), rows).columns;
    expect(price).toMatchObject({ kind: 'string', numbers: { is: 2, of: 3 } });
  });

  test('what is missing on some rows may be missing; what is missing on nearly all is left out', () => {
    const rows = Array.from({ length: 20 }, (_, at) =>
      rowOf({
        id: `a${at}`,
        ...(at === 3 ? {} : { rating: `4.${at}` }),
        ...(at === 0 ? { rare: 'once' } : {}),
      }),
    );
    const padded = rows.map((row) => new Map([...rowOf({ rating: undefined, rare: undefined }), ...row]));
    expect(kinds(proposalOf({ name: 'id' }, { name: 'rating' }, { name: 'rare' }), padded)).toEqual({
      id: 'string',
      rating: 'number?',
    });
  });

  test('dates, addresses and lists', () => {
    const proposal = proposalOf(
      { name: 'listedAt', kind: 'time', attribute: 'datetime' },
      { name: 'url', kind: 'link', attribute: 'href' },
      { name: 'image', kind: 'image', attribute: 'src' },
      { name: 'tags', all: true },
    );
    const rows = [
      rowOf({ listedAt: new Date(0), url: 'https://x.example/a', image: 'javascript:0', tags: ['a'] }),
      rowOf({
        listedAt: new Date(1),
        url: 'https://x.example/b',
        image: 'https://x.example/b.png',
        tags: [],
      }),
    ];
    expect(kinds(proposal, rows)).toEqual({ listedAt: 'date', url: 'url', image: 'string', tags: 'list' });
  });
});

describe('the key', () => {
  const keyOf = (rows: SampleRow[], ...names: string[]): readonly string[] =>
    columnsFrom(proposalOf(...names.map((name) => ({ name }))), rows).key;

  test('the best name that differs on all rows', () => {
    const rows = [rowOf({ title: 'One', sku: 'a' }), rowOf({ title: 'Two', sku: 'b' })];
    expect(keyOf(rows, 'title', 'sku')).toEqual(['sku']);
    const same = [rowOf({ title: 'One', sku: 'a' }), rowOf({ title: 'Two', sku: 'a' })];
    expect(keyOf(same, 'title', 'sku')).toEqual(['title']);
  });

  test('two columns where one does not tell the rows apart', () => {
    const rows = [
      rowOf({ title: 'One', size: 'S' }),
      rowOf({ title: 'One', size: 'M' }),
      rowOf({ title: 'Two', size: 'S' }),
    ];
    expect(keyOf(rows, 'title', 'size')).toEqual(['title', 'size']);
  });

  test('never what may be missing', () => {
    const rows = [rowOf({ sku: undefined, title: 'One' }), rowOf({ sku: 'b', title: 'Two' })];
    expect(keyOf(rows, 'sku', 'title')).toEqual(['title']);
  });
});

test('what further rows lack may be missing; the key and what they have stay as they are', () => {
  const columns = columnsFrom(proposalOf({ name: 'sku' }, { name: 'price' }, { name: 'maker' }), [
    rowOf({ sku: 'a', price: '1', maker: 'x' }),
  ]);
  const { columns: wide, widened } = widen(columns, [rowOf({ price: 'call us', maker: '' })]);
  expect(widened).toEqual(['maker']);
  expect(wide.map(({ name, optional }) => [name, optional])).toEqual([
    ['sku', false],
    ['price', false],
    ['maker', true],
  ]);
});
