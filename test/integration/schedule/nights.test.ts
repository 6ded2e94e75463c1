/** Schedules on a real Redis, with a clock that the test sets: what is due, what was missed, what overlaps. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { enterState } from '../../../src/batch/journal.js';
import { batchFiles, listSpecs } from '../../../src/batch/spec.js';
import { NIGHT_QUEUE, PREFIX } from '../../../src/queue/keys.js';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';
import type { NightEvent } from '../../../src/schedule/events.js';
import { type Nights, startNights } from '../../../src/schedule/nights.js';
import { putBack, readStanding, takeOff } from '../../../src/schedule/schedules.js';

let dir: string;
let home: string;
let targetsDir: string;
let redis: RedisHandle;
let nights: Nights | undefined;
let events: NightEvent[] = [];
let homes = 0;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-nights-'));
});

beforeEach(async () => {
  home = path.join(dir, `home-${homes++}`);
  targetsDir = path.join(home, 'targets-dir');
  await mkdir(targetsDir, { recursive: true });
  redis = await openRedis({ home, redisUrl: undefined });
  events = [];
});

afterEach(async () => {
  vi.useRealTimers();
  await nights?.close();
  nights = undefined;
  await redis.close();
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function writeTarget(name: string, schedule: string): Promise<void> {
  await writeFile(
    path.join(targetsDir, `${name}.ts`),
    `import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: '${name}',
  schema: z.object({ id: z.string() }),
  key: ['id'],
  discover: ['https://shop.example/'],
  fields: { fields: { id: '@id' } },
  ${schedule === '' ? '' : `schedule: ${schedule},`}
});
`,
  );
}

function setClock(iso: string): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(iso) });
}

async function start(targets: string[] = []): Promise<void> {
  nights = await startNights({
    home,
    redis,
    targetsDir,
    targets,
    outOf: () => path.join(home, 'out'),
    onEvent: (event) => events.push(event),
  });
}

/** Whoever waits for the next time looks at the clock again. */
const wake = () => redis.client.zadd(`${PREFIX}:${NIGHT_QUEUE}:marker`, 0, '0');

const told = (kind: NightEvent['kind']) => events.filter((event) => event.kind === kind);
const until = (kind: NightEvent['kind'], count = 1) =>
  expect.poll(() => told(kind).length, { timeout: 30_000, interval: 50 }).toBeGreaterThanOrEqual(count);
const cronOf = async () =>
  Object.fromEntries((await readStanding(redis)).map(({ target, cron }) => [target, cron]));
const batches = async () => (await listSpecs(home)).map(({ target, date }) => `${target} ${date}`).sort();

async function end(target: string, state: 'delivered' | 'failed' = 'failed'): Promise<void> {
  const spec = (await listSpecs(home)).find((one) => one.target === target);
  const { journal } = batchFiles(home, spec?.id ?? '');
  await enterState(journal, 'discovering').catch(() => undefined);
  await enterState(journal, state);
}

test('schedules follow the files: new, changed, gone, wrong, and taken off by a person', async () => {
  await writeTarget('early', "{ cron: '30 2 * * *' }");
  await writeTarget('late', "{ cron: '0 23 * * *', tz: 'Europe/Berlin' }");
  await writeTarget('never', '');
  await start();
  expect(await cronOf()).toEqual({ early: '30 2 * * *', late: '0 23 * * *' });
  await writeTarget('early', "{ cron: '45 2 * * *' }");
  await writeTarget('late', '');
  await writeTarget('new', "{ cron: '0 4 * * *' }");
  await expect.poll(cronOf, { timeout: 30_000 }).toEqual({ early: '45 2 * * *', new: '0 4 * * *' });
  await writeTarget('new', "{ cron: 'every day' }");
  await until('schedule.refused');
  expect(await cronOf()).toEqual({ early: '45 2 * * *', new: '0 4 * * *' });
  await takeOff('early', redis);
  await writeTarget('never', "{ cron: '0 5 * * *' }");
  await expect.poll(cronOf, { timeout: 30_000 }).toEqual({ never: '0 5 * * *', new: '0 4 * * *' });
  await putBack(['early'], redis);
  await rm(path.join(targetsDir, 'never.ts'));
  await expect.poll(cronOf, { timeout: 30_000 }).toEqual({ early: '45 2 * * *', new: '0 4 * * *' });
});

test('what Redis forgot is put back at the next start, and a worker for some targets leaves others alone', async () => {
  await writeTarget('mine', "{ cron: '30 2 * * *' }");
  await writeTarget('other', "{ cron: '30 2 * * *' }");
  await start(['mine']);
  expect(await cronOf()).toEqual({ mine: '30 2 * * *' });
  await redis.client.flushall();
  await nights?.close();
  await start(['mine']);
  expect(await cronOf()).toEqual({ mine: '30 2 * * *' });
});

test('at its time a batch begins, for the date in its zone, and again the next night', async () => {
  setClock('2026-03-01T22:00:00Z');
  await writeTarget('berlin', "{ cron: '30 0 * * *', tz: 'Europe/Berlin' }");
  await start();
  setClock('2026-03-01T23:30:01Z');
  await wake();
  await until('night.began');
  expect(await batches()).toEqual(['berlin 2026-03-02']);
  await end('berlin', 'failed');
  setClock('2026-03-02T23:30:02Z');
  await wake();
  await until('night.began', 2);
  expect(await batches()).toEqual(['berlin 2026-03-02', 'berlin 2026-03-03']);
  expect(told('night.missed')).toEqual([]);
});

test('times at which no worker was there are made up for once, or not at all', async () => {
  setClock('2026-03-01T12:00:00Z');
  await writeTarget('made-up', "{ cron: '30 2 * * *' }");
  await writeTarget('let-go', "{ cron: '30 2 * * *', missed: 'skip' }");
  await start();
  await nights?.close();
  setClock('2026-03-04T09:00:00Z');
  await start();
  await until('night.missed', 2);
  await until('night.began');
  expect(await batches()).toEqual(['made-up 2026-03-04']);
  expect(events).toContainEqual(
    expect.objectContaining({ kind: 'night.missed', target: 'made-up', missed: 2, skipped: false }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({ kind: 'night.missed', target: 'let-go', missed: 2, skipped: true }),
  );
  const next = (await readStanding(redis)).map(({ nextMs }) => new Date(nextMs ?? 0).toISOString());
  expect(next).toEqual(['2026-03-05T02:30:00.000Z', '2026-03-05T02:30:00.000Z']);
});

test('while the last batch runs the next one is skipped, queued, or takes its place', async () => {
  setClock('2026-03-01T02:00:00Z');
  for (const overlap of ['skip', 'queue', 'cancel'])
    await writeTarget(overlap, `{ cron: '30 2 * * *', overlap: '${overlap}' }`);
  await start();
  setClock('2026-03-01T02:30:01Z');
  await wake();
  await until('night.began', 3);
  setClock('2026-03-02T02:30:01Z');
  await wake();
  await until('night.skipped');
  await until('night.queued');
  await until('night.cancelled-last');
  setClock('2026-03-02T02:30:04Z');
  await wake();
  await until('night.began', 4);
  expect(await batches()).toEqual([
    ...['cancel 2026-03-01', 'cancel 2026-03-02'],
    ...['queue 2026-03-01', 'skip 2026-03-01'],
  ]);
  // A third night of one that waits already does not wait as well.
  setClock('2026-03-03T02:30:01Z');
  await wake();
  await until('night.skipped', 3);
  await end('queue');
  setClock('2026-03-03T02:30:10Z');
  await wake();
  await until('night.began', 6);
  expect((await batches()).filter((batch) => batch.startsWith('queue'))).toEqual([
    'queue 2026-03-01',
    'queue 2026-03-02',
  ]);
});

test('a target whose file is wrong at its time is told, and its schedule stays', async () => {
  setClock('2026-03-01T02:00:00Z');
  await writeTarget('broken', "{ cron: '30 2 * * *' }");
  await start();
  await writeFile(path.join(targetsDir, 'broken.ts'), 'export default {');
  setClock('2026-03-01T02:30:01Z');
  await wake();
  await until('night.failed');
  expect(await readdir(path.join(home, 'batches')).catch(() => [])).toEqual([]);
  expect(await cronOf()).toEqual({ broken: '30 2 * * *' });
});

test('a night that waited goes before one that is due in the moment in which their last batch ends', async () => {
  /** The one that looks again soon, and the next night. */
  const bothDelayed = () =>
    expect.poll(() => redis.client.zcard(`${PREFIX}:${NIGHT_QUEUE}:delayed`), { timeout: 30_000 }).toBe(2);
  setClock('2026-03-01T02:00:00Z');
  await writeTarget('queue', "{ cron: '30 2 * * *', overlap: 'queue' }");
  await start();
  setClock('2026-03-01T02:30:01Z');
  await wake();
  await until('night.began');
  setClock('2026-03-02T02:30:01Z');
  await wake();
  await until('night.queued');
  await bothDelayed();
  await end('queue');
  setClock('2026-03-03T02:30:00Z');
  await wake();
  await until('night.began', 2);
  await bothDelayed();
  setClock('2026-03-03T02:30:03Z');
  await wake();
  await until('night.queued', 2);
  expect(await batches()).toEqual(['queue 2026-03-01', 'queue 2026-03-02']);
  expect(told('night.skipped')).toEqual([]);
});
