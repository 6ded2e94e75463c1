import { expect, test } from 'vitest';
import { createPlace, createStartGate } from '../../../src/page/start-gate.js';

const never = new AbortController().signal;
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));

test('as many as there are slots are at the target; the next goes when one has left, in order', async () => {
  const gate = createStartGate(2);
  const passed: number[] = [];
  const leave = [0, 1, 2, 3].map((page) =>
    gate.enter(never).then((left) => {
      passed.push(page);
      return left;
    }),
  );
  await soon();
  expect(passed).toEqual([0, 1]);
  (await leave[1])?.();
  (await leave[1])?.(); // a second time changes nothing
  await soon();
  expect(passed).toEqual([0, 1, 2]);
  expect(gate.inside()).toBe(2);
});

test('the limit of whoever governs holds beside the slots, and lifts again', async () => {
  const gate = createStartGate(3);
  gate.govern({ limit: 1, ahead: 1 });
  const pages = [gate.enter(never), gate.enter(never), gate.enter(never), gate.enter(never)];
  await soon();
  expect([gate.inside(), gate.ahead()]).toEqual([1, 1]);
  gate.govern({ limit: Number.POSITIVE_INFINITY, ahead: 0 });
  await Promise.all(pages.slice(0, 3));
  expect([gate.inside(), gate.ahead()]).toEqual([3, 0]);
  gate.resize(4);
  await pages[3];
  expect(gate.inside()).toBe(4);
});

test('nobody passes while it is held; a shorter hold does not cut it short', async () => {
  const gate = createStartGate(1);
  const startedAt = Date.now();
  gate.holdUntil(startedAt + 120);
  gate.holdUntil(startedAt + 10);
  await gate.enter(never);
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(119);
});

test('who is aborted passes at once: there is work to give back', async () => {
  const gate = createStartGate(1);
  await gate.enter(never);
  const stop = new AbortController();
  const second = gate.enter(stop.signal);
  stop.abort();
  (await second)();
  (await gate.enter(stop.signal))();
  expect(gate.inside()).toBe(1);
});

test('a place that is given back goes to the next, and is waited for to be had again', async () => {
  const gate = createStartGate(1);
  const [one, other] = [0, 1].map(() => createPlace(() => gate.enter(never)));
  await one?.enter();
  await one?.enter(); // it is there
  expect(gate.inside()).toBe(1);
  one?.leave();
  one?.leave();
  await other?.enter();
  let isBack = false;
  const back = one?.enter().then(() => {
    isBack = true;
  });
  await soon();
  expect(isBack).toBe(false);
  other?.leave();
  await back;
  expect(gate.inside()).toBe(1);
});
