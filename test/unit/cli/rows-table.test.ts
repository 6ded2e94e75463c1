import fc from 'fast-check';
import { expect, test } from 'vitest';
import { besideTable, rowsTable, rowTable } from '../../../src/cli/rows-table.js';

const value = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCharCode(code)) }),
  fc.double(),
  fc.bigInt(),
  fc.date(),
  fc.constant(null),
  fc.array(fc.string()),
);
const row = fc.dictionary(fc.string({ minLength: 1, maxLength: 30 }), value, { maxKeys: 12 });

test('whatever the rows hold: no line is wider than asked for, and no order to a terminal gets through', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 60, max: 200 }), (rows, width) => {
      const beside = rows.map((one) =>
        besideTable(
          Object.entries(one).map(([name, now]) => ({ name, now, last: name, differs: true })),
          { date: '2026-03-01', width },
        ),
      );
      for (const table of [rowsTable(rows, width), ...rows.map((one) => rowTable(one, width)), ...beside]) {
        expect(table).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
        expect(Math.max(...table.split('\n').map((line) => Array.from(line).length))).toBeLessThanOrEqual(
          width,
        );
      }
    }),
    { numRuns: 100, endOnFailure: true },
  );
});

test('columns for which there is no room are named below', () => {
  const wide = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`column${at}`, 'x'.repeat(40)]));
  const table = rowsTable([wide], 80);
  expect(table).toContain('column0');
  expect(table).toMatch(/and \d more: column\d, /);
});

test('numbers, lists and timestamps are shown as what they are', () => {
  const table = rowsTable([{ n: 1.5, big: 2n ** 60n, list: ['a', 'b'], at: new Date(0), none: null }], 150);
  for (const text of ['1.5', '1152921504606846976', '["a","b"]', '1970-01-01T00:00:00.000Z', '-'])
    expect(table).toContain(text);
});
