import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BatchSoftBook, createSoftBook } from '../../../src/batch/soft-book.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-soft-book-'));
});
afterEach(() => rm(dir, { recursive: true }));

const file = (): string => path.join(dir, 'soft.ndjson');
const open = (): BatchSoftBook => createSoftBook({ file: file(), patiently: (work) => work() });

test('before anybody has written nothing is known', async () => {
  expect(await open().look()).toEqual({
    samples: 0,
    off: undefined,
    proven: new Map(),
    notes: [],
  });
});

test('what one process writes another one reads, also after it has looked', async () => {
  const [one, other] = [open(), open()];
  await one.proven('a', 3);
  expect(await other.look()).toMatchObject({ samples: 1, proven: new Map([['a', 3]]) });
  await one.proven('a', 2);
  await one.proven('b', 1);
  await expect.poll(() => other.look()).toMatchObject({ samples: 3 });
  expect((await other.look()).proven).toEqual(
    new Map([
      ['a', 3],
      ['b', 1],
    ]),
  );
  expect(await one.look()).toEqual(await other.look());
});

test('who turns it off knows it at once; doubt stays, with the first reason for it', async () => {
  const book = open();
  await book.turnOff('not worth it', false);
  expect((await book.look()).off).toEqual({ reason: 'not worth it', doubt: false });
  await book.turnOff('other rows', true);
  await book.turnOff('yet other rows', true);
  await book.turnOff('not worth it either', false);
  expect((await book.look()).off).toEqual({ reason: 'other rows', doubt: true });
  expect((await open().look()).off).toEqual({ reason: 'other rows', doubt: true });
});

test('a line that a power cut tore costs that line alone', async () => {
  await open().proven('a', 1);
  await appendFile(file(), '\n{"kind":"proven","docu');
  await open().proven('b', 2);
  expect((await open().look()).proven).toEqual(
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  );
});

test('a line is read when it is whole', async () => {
  const book = open();
  await appendFile(file(), '{"kind":"proven","document":"a","upTo":1}\n{"kind":"proven",');
  expect((await book.look()).samples).toBe(1);
  await appendFile(file(), '"document":"b","upTo":1}\n');
  await expect.poll(() => book.look()).toMatchObject({ samples: 2 });
  expect(await readFile(file(), 'utf8')).toContain('"b"');
});

test('of a kind the latest is known, and why it could not be had', async () => {
  const [one, other] = [open(), open()];
  await one.note({ of: 'a', learning: true });
  await one.note({ of: 'a' });
  await other.note({ of: 'a', learning: true }); // it begins later, and takes nothing back
  await other.note({ of: 'b', learning: true });
  expect((await open().look()).notes).toEqual([{ of: 'a' }, { of: 'b', learning: true }]);
  await one.note({ of: 'a', why: 'no' });
  await one.note({ of: 'a', why: 'never' });
  await other.note({ of: 'a', learning: true, why: 'it did not hold' });
  await other.note({ of: 'a' });
  expect((await open().look()).notes).toEqual([
    { of: 'b', learning: true },
    { of: 'a', why: 'never' },
    { of: 'a' },
  ]);
});

test('what is proven once more, since its runner was killed before the page was committed, counts once', async () => {
  const [one, other] = [open(), open()];
  await one.proven('page 1', 1);
  await one.proven('page 2', 1);
  await other.proven('page 1', 1);
  await other.proven('page 2', 1);
  expect((await open().look()).samples).toBe(2);
});
