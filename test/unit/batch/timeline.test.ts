import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cpuSecondsOf, createTimeline, readTimeline } from '../../../src/batch/timeline.js';
import type { WorkerStanding } from '../../../src/queue/worker-board.js';
import type { BatchSnapshot } from '../../../src/telemetry/snapshot.js';

let dir: string;
let file: string;
let nowMs = Date.parse('2026-03-01T00:10:00Z');

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  file = path.join(dir, 'timeline.ndjson');
});

afterEach(() => rm(dir, { recursive: true }));

const snapshot = (more: Partial<BatchSnapshot> = {}): BatchSnapshot => ({
  batch: 'shop-20260301-aaaaaa',
  target: 'shop',
  date: '2026-03-01',
  state: 'fetching',
  since: '2026-03-01T00:00:00Z',
  pages: { frontier: 10, completed: 4, gone: 0, skipped: 0, dead: 1, unfinished: 5 },
  rows: 4,
  quarantined: 0,
  retries: 0,
  inFlight: 2,
  limit: 3,
  pagesPerSecond: 1.234,
  ...more,
});

const worker = (cpuSeconds: number, targets: WorkerStanding['targets']): WorkerStanding => ({
  worker: 'w',
  concurrency: 4,
  slots: 4,
  inFlight: Object.values(targets).reduce((sum, { inFlight }) => sum + inFlight, 0),
  targets,
  memoryMb: 300,
  cpuSeconds,
});

const shop = { shop: { slots: 2, inFlight: 2 } };

test('a moment every five seconds, with the times of what ended since the last one', async () => {
  const timeline = createTimeline(file, { target: 'shop', now: () => nowMs });
  const sample = (ms: number) => ({ answer: 'good' as const, startedAtMs: nowMs, endedAtMs: nowMs + ms });
  timeline.took([10, 20, 30, 40].map(sample) as never);
  await timeline.note(snapshot(), [worker(1, shop)]);
  nowMs += 1_000;
  await timeline.note(snapshot(), [worker(2, shop)]);
  nowMs += 5_000;
  await timeline.note(snapshot({ rows: 9 }), [worker(4, shop)]);
  const [first, second, ...rest] = await readTimeline(file, 100);
  expect(rest).toEqual([]);
  expect(first).toMatchObject({ settled: 5, dead: 1, p50Ms: 30, p90Ms: 40, memoryMb: 300, workers: 1 });
  expect(second).toMatchObject({ rows: 9, cpuSeconds: 3, pagesPerSecond: 1.23 });
  expect(second).not.toHaveProperty('p50Ms');
});

test('a worker that serves two targets is shared out by their pages in flight, and who takes over goes on counting', async () => {
  const both = { ...shop, other: { slots: 2, inFlight: 6 } };
  const first = createTimeline(file, { target: 'shop', now: () => nowMs });
  await first.note(snapshot(), [worker(100, both)]);
  await first.note(snapshot({ state: 'paused' }), [worker(108, both)]);
  expect(await cpuSecondsOf(file)).toBe(2);
  const second = createTimeline(file, { target: 'shop', now: () => nowMs });
  await second.note(snapshot(), [worker(200, shop)]);
  await second.note(snapshot({ state: 'paused' }), [worker(201, shop)]);
  expect(await cpuSecondsOf(file)).toBe(3);
});

test('many are thinned out to the last one, and a torn line is left out', async () => {
  const timeline = createTimeline(file, { target: 'shop', now: () => nowMs });
  for (let at = 0; at < 50; at++) {
    nowMs += 5_000;
    await timeline.note(snapshot({ rows: at }), []);
    if (at === 20) await appendFile(file, '{"at":1,"st\n');
  }
  const thinned = await readTimeline(file, 10);
  expect(thinned).toHaveLength(10);
  expect(thinned.at(-1)?.rows).toBe(49);
  expect(thinned.map(({ at }) => at)).toEqual(thinned.map(({ at }) => at).toSorted((a, b) => a - b));
});

test('a disk that takes nothing costs the picture alone', async () => {
  const timeline = createTimeline(path.join(dir, 'none', 'x'), { target: 'shop' });
  await timeline.note(snapshot(), []);
  expect(await readTimeline(path.join(dir, 'none', 'x'), 10)).toEqual([]);
});
