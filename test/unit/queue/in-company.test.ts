import { expect, test } from 'vitest';
import { inCompany } from '../../../src/queue/in-company.js';

test('what is asked while a question is on its way goes together, each gets its own answer', async () => {
  const asked: number[][] = [];
  const ask = inCompany(async (items: number[]) => {
    asked.push(items);
    await new Promise(setImmediate);
    return items.map((item) => item * 10);
  }, 3);
  const first = [ask(1), ask(2)];
  await new Promise(setImmediate);
  const later = [3, 4, 5, 6].map(ask);
  expect(await Promise.all([...first, ...later])).toEqual([10, 20, 30, 40, 50, 60]);
  expect(asked).toEqual([[1, 2], [3, 4, 5], [6]]);
});

test('a question that fails is told to those who are in it, and to nobody after them', async () => {
  let failing = true;
  const ask = inCompany(async (items: string[]) => {
    if (failing) throw new Error('away');
    return items;
  });
  const both = await Promise.allSettled([ask('a'), ask('b')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  failing = false;
  expect(await ask('c')).toBe('c');
});
