import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { firstOf } from '../../../src/page/first-of.js';

test('it aborts with the reason of the first one, also of one that has aborted already', () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const { signal } = firstOf([a.signal, b.signal], 60_000);
  b.abort('b');
  a.abort('a');
  expect([signal.aborted, signal.reason]).toEqual([true, 'b']);
  expect(firstOf([a.signal, new AbortController().signal], 60_000).signal.reason).toBe('a');
});

test('once it is let go it hears nothing more', () => {
  const a = new AbortController();
  const { signal, letGo } = firstOf([a.signal], 60_000);
  letGo();
  a.abort('a');
  expect(signal.aborted).toBe(false);
});

test('nothing is left behind at a signal that goes on', async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const long = new AbortController();
  const use = async (times: number): Promise<number> => {
    for (let at = 0; at < times; at++) firstOf([long.signal, new AbortController().signal], 60_000).letGo();
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let times = 0; times < 4; times++) gc();
    return process.memoryUsage().heapUsed;
  };
  await use(2_000);
  const before = await use(1);
  expect(((await use(20_000)) - before) / 20_000).toBeLessThan(20);
});

test('it aborts when the time is up, and says so; not when something else was first, nor when it is let go', async () => {
  const a = new AbortController();
  const [late, aborted, gone] = [
    firstOf([a.signal], 5),
    firstOf([AbortSignal.abort('a')], 5),
    firstOf([], 5),
  ];
  gone.letGo();
  await expect.poll(() => late.signal.aborted, { interval: 2 }).toBe(true);
  expect([late.signal.reason.name, late.isLate()]).toEqual(['TimeoutError', true]);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect([aborted.signal.reason, aborted.isLate()]).toEqual(['a', false]);
  expect([gone.signal.aborted, gone.isLate()]).toEqual([false, false]);
});
