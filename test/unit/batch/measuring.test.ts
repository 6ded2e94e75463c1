/** What the runner measures: figures, the alert, and that another process goes on from there. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BatchEvent } from '../../../src/batch/events.js';
import { type Measuring, openMeasuring, readMeasured } from '../../../src/batch/measuring.js';
import type { PageCounts } from '../../../src/queue/page-ledger.js';
import type { PageSample } from '../../../src/throttle/page-sample.js';

const HOUR = 3_600_000;
let dir: string;
let nowMs: number;
let events: BatchEvent[];

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  nowMs = 0;
  events = [];
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function open(more: Partial<Parameters<typeof openMeasuring>[0]> = {}): Promise<Measuring> {
  return openMeasuring({
    batch: 'shop-20260301-aaaaaa',
    file: path.join(dir, 'measured.json'),
    startedAtMs: 0,
    windowMs: HOUR,
    paced: true,
    discovered: 3_600,
    history: undefined,
    maxConcurrency: 8,
    onEvent: (event) => events.push(event),
    now: () => nowMs,
    ...more,
  });
}

function sample(tookMs: number, answer: PageSample['answer'] = 'served'): PageSample {
  return { page: 0, label: '', startedAtMs: nowMs - tookMs, endedAtMs: nowMs, dataMs: [], answer };
}

const counts = (completed: number): PageCounts => ({
  ...{ completed, gone: 0, skipped: 0, dead: 0, rows: completed, quarantined: 0, empty: 0, retries: 0 },
  readBy: {},
});

const STILL = { frontier: 3_600, inFlight: 8, limit: 8, paused: false };

/** A look every second; the last figures. */
async function watch(measuring: Measuring, seconds: number, { perSecond = 1, from = 0, inFlight = 8 } = {}) {
  let seen = {};
  for (let second = 0; second <= seconds; second++, nowMs += 1_000) {
    const completed = from + Math.floor(second * perSecond);
    seen = await measuring.look({ ...STILL, counts: counts(completed), inFlight });
  }
  return seen;
}

test('a paced batch that keeps up: asked for what the window needs, and shown as such', async () => {
  const measuring = await open();
  expect(measuring.need()).toEqual({});
  measuring.take(Array.from({ length: 100 }, () => sample(2_000)));
  expect(await watch(measuring, 600, { perSecond: 1.43 })).toMatchObject({ paced: true, p50Ms: 2_007 });
  expect(measuring.need().perSecond).toBeCloseTo(1.43, 1);
  expect(measuring.need().slots).toBeCloseTo(1.43 * 2 * 1.25, 1);
  const { outlook } = await measuring.look({ ...STILL, counts: counts(858) });
  expect(outlook).toMatchObject({ attempts: 3_600 - 858, endsAtMs: 0.7 * HOUR });
  expect(outlook?.pageMs).toBeCloseTo(2_000);
  expect(events).toEqual([]);
});

test('attempts that say nothing of the page are not measured', async () => {
  const measuring = await open();
  measuring.take([
    sample(500),
    sample(90_000, 'unknown'),
    sample(700, 'failed'),
    sample(-5),
    sample(Number.NaN),
  ]);
  await measuring.keep();
  expect((await readMeasured(path.join(dir, 'measured.json'))).count).toBe(2);
});

test('not paced, or without a window: nothing is asked for', async () => {
  for (const more of [{ paced: false }, { windowMs: undefined }]) {
    const measuring = await open(more);
    await watch(measuring, 60, { perSecond: 2 });
    expect(measuring.need()).toEqual({});
    expect(await measuring.look({ ...STILL, counts: counts(120) })).not.toHaveProperty('outlook');
    nowMs = 0;
  }
  const { margin, paced } = (await watch(await open({ paced: false }), 600, { perSecond: 2 })) as Record<
    string,
    unknown
  >;
  expect(margin).toBeCloseTo(0.5, 1);
  expect(paced).toBeUndefined();
});

test('too slow: said once, with what would help; and once more when it has recovered', async () => {
  const measuring = await open();
  const slow = await watch(measuring, 900, { perSecond: 0.5, inFlight: 3 });
  expect(slow).toHaveProperty('risk', expect.stringMatching(/^more workers: 3 pages/));
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ kind: 'sla.at-risk', help: expect.stringContaining('thresh worker') });
  const fast = await watch(measuring, 600, { perSecond: 5, from: 450 });
  expect(fast).not.toHaveProperty('risk');
  expect(events.map(({ kind }) => kind)).toEqual(['sla.at-risk', 'sla.recovered']);
});

test('whoever takes it over goes on from there: times, and the alert that has been told', async () => {
  const first = await open();
  first.take(Array.from({ length: 50 }, () => sample(4_000)));
  await watch(first, 900, { perSecond: 0.5 });
  expect(events).toHaveLength(1);
  await first.keep();
  const second = await open();
  expect(await watch(second, 300, { perSecond: 0.5, from: 450 })).toMatchObject({ p50Ms: 4_015 });
  expect(events).toHaveLength(1);
});

test('a torn file is none, and a folder that cannot be written is no failure', async () => {
  await writeFile(path.join(dir, 'measured.json'), '{"durations":"HISTFA');
  const measuring = await open();
  await measuring.keep();
  expect(JSON.parse(await readFile(path.join(dir, 'measured.json'), 'utf8'))).toHaveProperty('durations');
  const lost = await open({ file: path.join(dir, 'none', 'measured.json') });
  lost.take([sample(100)]);
  await lost.keep();
});
