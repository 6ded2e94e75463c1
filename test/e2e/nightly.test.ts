/** From a target's schedule to its dataset, by `thresh worker` alone. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dateIn } from '../../src/batch/open-batch.js';
import { openNightQueue } from '../../src/queue/queues.js';
import { openRedis } from '../../src/queue/redis.js';
import { clockIn, nextRun } from '../../src/schedule/next-runs.js';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';

const CRON = '30 2 * * *';
const TZ = 'Europe/Berlin';
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: 6 });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

const code = (name: string, schedule: string): string => `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string(), sku: z.string() }),
  key: ['slug'],
  ${schedule}
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  fields: { rows: 'article.product', fields: { slug: '@data-slug', sku: '@data-sku' } },
});
`;

/** As if its time were in a moment. */
async function makeDue(target: string): Promise<void> {
  const redis = await openRedis({ home: lab.home, redisUrl: undefined });
  const queue = openNightQueue(redis, () => Date.now() + 500);
  const { template, pattern = '', tz = '' } = (await queue.getJobScheduler(target)) ?? {};
  await queue.upsertJobScheduler(target, { pattern, tz }, { name: 'night', ...template });
  await queue.close();
  await redis.close();
}

test('the difference is shown and made, the next times are listed in both zones, and one can be taken off', async () => {
  await lab.target('listed', code('listed', `schedule: { cron: '${CRON}', tz: '${TZ}' },`));
  expect((await lab.thresh(['schedule', 'sync', '--dry-run'])).stdout).toBe(`+ listed  ${CRON} (${TZ})\n`);
  const before = await lab.thresh(['schedule']);
  expect(before.stdout).toContain('to be synced');
  expect((await lab.thresh(['schedule', 'sync'])).stdout).toBe(`+ listed  ${CRON} (${TZ})\n`);
  expect((await lab.thresh(['schedule', 'sync'])).stdout).toBe('all in step\n');
  const { stdout } = await lab.thresh(['schedule', 'list', '--json', '--next', '2']);
  const [first] = JSON.parse(stdout).schedules;
  expect(first).toMatchObject({ target: 'listed', cron: CRON, tz: TZ, overlap: 'skip', missed: 'run' });
  expect(first.standing).toBe('in step');
  const due = nextRun(CRON, TZ, Date.now()) ?? 0;
  expect(first.next).toHaveLength(2);
  expect(Date.parse(first.next[0])).toBe(due);
  const table = await lab.thresh(['schedule'], { TZ: 'America/New_York' });
  expect(table.stdout).toContain(`${clockIn(TZ, due)} ${TZ}`);
  expect(table.stdout).toContain(clockIn('America/New_York', due).slice(0, 16));

  expect((await lab.thresh(['schedule', 'remove', 'lsted'])).stderr).toMatch(/did you mean "listed"/);
  expect((await lab.thresh(['schedule', 'remove', 'listed'])).code).toBe(0);
  expect((await lab.thresh(['schedule'])).stdout).toMatch(/listed.* off /);
  await writeFile(path.join(lab.dir, 'targets', 'listed.ts'), code('listed', ''));
  expect((await lab.thresh(['schedule', 'sync'])).stdout).toBe('all in step\n');
});

test('a worker picks a new target up, runs it at its time, and ends well when it is told to', async () => {
  const worker = lab.start(['worker', '--concurrency', '1', '--health-port', '0']);
  await worker.says(/working for the farm/);
  await lab.target('nightly', code('nightly', `schedule: { cron: '${CRON}', tz: '${TZ}' },`));
  await worker.says(/"target":"nightly","change":"add".*"schedule\.changed"/);
  const [, health = ''] = /health at (http:[\w./:]+)/.exec(worker.said()) ?? [];
  expect((await fetch(`${health}/healthz`)).status).toBe(200);
  const ready = await fetch(`${health}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([200, { redis: 'ready', stopping: false }]);
  await makeDue('nightly');
  await worker.says(/"night\.began"/);
  await worker.says(/"batch\.delivered"/);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  const date = dateIn(TZ, new Date());
  const rows = await lab.query('nightly', date, 'select count(*)::int as n from FILES');
  expect(rows).toEqual([{ n: 6 }]);
});

test('the unit file starts the worker and lets it drain', async () => {
  const unit = await readFile(
    path.resolve(import.meta.dirname, '../../deploy/thresh-worker.service'),
    'utf8',
  );
  expect(unit).toMatch(/^ExecStart=.* worker\b/m);
  expect(unit).toMatch(/^KillMode=mixed$/m);
});
