import { expect, test } from 'vitest';
import { type HeldBy, type HoldingFacts, heldBy } from '../../../src/throttle/held-by.js';

const FREE: HoldingFacts = { inFlight: 3, ready: 100, limit: 8, slots: 8 };

const cases: { what: string; facts: Partial<HoldingFacts>; held: HeldBy | undefined }[] = [
  { what: 'no bound is reached', facts: {}, held: undefined },
  {
    what: 'the limit is reached',
    facts: { inFlight: 4, limit: 4, limitWhy: 'latency' },
    held: { by: 'target', why: 'latency' },
  },
  {
    what: 'the limit is reached, and nobody knows why it is there',
    facts: { inFlight: 8 },
    held: { by: 'target' },
  },
  {
    what: 'the limit is what the target file allows',
    facts: { inFlight: 8, limitWhy: 'maximum' },
    held: { by: 'politeness', why: 'maxConcurrency' },
  },
  {
    what: 'all slots are in use',
    facts: { inFlight: 4, slots: 4 },
    held: { by: 'machine', why: 'concurrency' },
  },
  {
    what: 'slots were taken away',
    facts: { inFlight: 2, slots: 2, slotsWhy: 'memory' },
    held: { by: 'machine', why: 'memory' },
  },
  {
    what: 'more in flight get no more done on the machine',
    facts: { inFlight: 5, slots: 5, slotsWhy: 'throughput' },
    held: { by: 'machine', why: 'throughput' },
  },
  {
    what: 'a page over the slots is still in flight',
    facts: { inFlight: 3, slots: 2, slotsWhy: 'memory' },
    held: { by: 'machine', why: 'memory' },
  },
  {
    what: 'limit and slots are equal',
    facts: { inFlight: 4, limit: 4, slots: 4, limitWhy: 'refused' },
    held: { by: 'target', why: 'refused' },
  },
  { what: 'pace is below both', facts: { inFlight: 2, paceLimit: 2 }, held: { by: 'pace' } },
  { what: 'pace is not reached', facts: { inFlight: 2, paceLimit: 3 }, held: undefined },
  {
    what: 'starts are spaced for politeness',
    facts: { inFlight: 1, spacedBy: 'politeness' },
    held: { by: 'politeness' },
  },
  {
    what: "starts are spaced by the target's rate",
    facts: { inFlight: 1, spacedBy: 'target', limitWhy: 'maximum' },
    held: { by: 'target', why: 'rate' },
  },
  {
    what: 'it asked for a pause',
    facts: { inFlight: 0, spacedBy: 'target', limitWhy: 'refused' },
    held: { by: 'target', why: 'refused' },
  },
  { what: 'nothing is left to start', facts: { inFlight: 8, ready: 0 }, held: undefined },
  { what: 'the target is down', facts: { inFlight: 0, ready: 0, isDown: true }, held: { by: 'down' } },
  { what: 'no proxy works', facts: { inFlight: 0, isWithoutProxy: true }, held: { by: 'proxies' } },
  {
    what: 'no worker is there',
    facts: { inFlight: 0, slots: 0 },
    held: { by: 'machine', why: 'no worker' },
  },
  { what: 'nobody has told of slots yet', facts: { inFlight: 2, slots: 0 }, held: undefined },
];

test.each(cases)('$what', ({ facts, held }) => {
  expect(heldBy({ ...FREE, ...facts })).toEqual(held);
});
