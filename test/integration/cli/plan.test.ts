/** `thresh plan` as it is typed, with and without earlier batches. Nothing is fetched, no Redis is started. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDurations } from '../../../src/telemetry/durations.js';
import { type Lab, openLab } from '../../support/lab.js';

let lab: Lab;
let target: string;

beforeAll(async () => {
  lab = await openLab();
  target = await shop('plan-shop', "sla: { window: '1h' },");
});

afterAll(() => lab?.close());

function shop(name: string, options: string): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ sku: z.string() }),
  key: ['sku'],
  discover: ['http://127.0.0.1:1/'],
  throttle: { maxConcurrency: 4 },
  ${options}
  extract: () => [],
});
`,
  );
}

/** The report of a night on which each of its pages took so long. */
async function night(name: string, date: string, { pages = 14_400, pageMs = 1_000, more = {} } = {}) {
  const batch = `${name}-${date.replaceAll('-', '')}-aaaaaa`;
  const durations = createDurations();
  for (let n = 0; n < 100; n++) durations.record(pageMs);
  const folder = path.join(lab.out, name, '_runs', batch);
  await mkdir(folder, { recursive: true });
  const report = {
    version: 1,
    batch,
    target: name,
    date,
    state: 'delivered',
    pages: { frontier: pages, completed: pages, gone: 0, skipped: 0, dead: 0, unfinished: 0 },
    times: { startedAt: `${date}T01:00:00.000Z`, seconds: 3_600, states: { fetching: 3_600 } },
    effort: {
      discovered: pages,
      attempts: pages,
      measured: 100,
      meanMs: pageMs,
      p50Ms: pageMs,
      p99Ms: pageMs,
    },
    durations: durations.encode(),
    ...more,
  };
  await writeFile(path.join(folder, 'report.json'), JSON.stringify(report));
}

async function plan(file: string, ...args: string[]) {
  const { code, stdout, stderr } = await lab.thresh(['plan', file, '--json', '--concurrency', '2', ...args]);
  return { code, stderr, planned: stdout === '' ? undefined : JSON.parse(stdout) };
}

test('without history: from assumptions that are marked as such, in a table on stdout', async () => {
  const { code, stdout, stderr } = await lab.thresh(['plan', target, '--pages', '3000']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^plan-shop: yes; 3,000 pages in 1h take \d workers?, 42m at the pace that it needs, margin 30 %\n/,
  );
  expect(stdout).toMatch(/page time .*2\.0 s .*assumed: nothing measured yet/);
  expect(stdout).toMatch(/the target bears .*4 .*assumed: throttle\.maxConcurrency/);
  expect(stdout).toContain('what matters most: page time\n');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(120);
});

test('without history and without --pages, or without a window: told how to ask', async () => {
  const noPages = await plan(target);
  expect(noPages.code).toBe(2);
  expect(noPages.stderr).toContain('mend: name them: --pages 50000');
  const noWindow = await plan(await shop('plan-open', ''), '--pages', '10');
  expect(noWindow.code).toBe(2);
  expect(noWindow.stderr).toContain('mend: name one: --window 4h');
  expect((await plan(target, '--pages', '10', '--window', 'soon')).stderr).toContain('"soon" is no duration');
});

test('with history: its pages, its page times added up, its retries; what cannot be done has its answer', async () => {
  const name = 'plan-known';
  const file = await shop(name, "sla: { window: '4h' },");
  await night(name, '2026-03-01', { pageMs: 1_200 });
  await night(name, '2026-03-02', { pageMs: 800, pages: 20_000 });
  await night(name, '2026-03-03', { pages: 50, pageMs: 1_000, more: { limit: 50 } }); // a sample
  await night(name, '2026-03-04', { more: { effort: undefined } }); // of a version that did not measure
  await mkdir(path.join(lab.out, name, '_runs', `${name}-20260305-aaaaaa`)); // killed before its report

  const { code, planned } = await plan(file);
  expect(code).toBe(0);
  expect(planned).toMatchObject({ target: name, pages: 20_000, windowMs: 4 * 3_600_000, workers: 1 });
  const [pageTime] = planned.assumptions;
  expect(pageTime).toMatchObject({ name: 'page time', measured: true, from: '3 batches, 300 attempts' });
  expect(pageTime.value).toBeCloseTo(1_000, -1);

  const impossible = await plan(file, '--pages', '50000', '--window', '1h');
  expect(impossible.code).toBe(1);
  expect(impossible.planned).toMatchObject({ feasible: false });
  expect(impossible.planned.answer).toMatch(
    /^no; the target bears 4 pages in flight: 14,\d{3} pages in 1h, not 50,000; give it 3h 30m, or 5h to leave a margin of 30 %$/,
  );
});

test('what the throttle has learned of the target bounds the plan', async () => {
  const name = 'plan-learned';
  const file = await shop(name, "sla: { window: '1h' },");
  await night(name, '2026-03-01', { pages: 3_000 });
  const profile = path.join(lab.home, 'targets', name);
  await mkdir(profile, { recursive: true });
  await writeFile(
    path.join(profile, 'throttle.json'),
    JSON.stringify({ version: 1, limit: 2, perSecond: 0.5 }),
  );
  const { code, planned } = await plan(file);
  expect(code).toBe(1);
  expect(planned.answer).toContain('the target bears 0.5 page starts a second: 1,800 pages in 1h, not 3,000');
  await writeFile(path.join(profile, 'throttle.json'), '{"limit":"many"');
  expect((await plan(file)).code).toBe(0);
});

test('a plan starts nothing and writes nothing', async () => {
  expect(await readdir(lab.home)).toEqual(['targets']);
});
