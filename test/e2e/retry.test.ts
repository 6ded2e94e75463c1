/** Dead letters as a person uses them: looked at by cause, mended, put back; whatever became of the batch meanwhile. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Report } from '../../src/delivery/manifest.js';
import { writeNight } from '../support/history.js';
import { type Lab, openLab } from '../support/lab.js';
import { casesOf, isLong, longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

const PAGES = 6;
const BROKEN = [2, 4];
const DATE = '2026-03-01';
let lab: Lab;
let site: SmallServer;
let broken: readonly number[];
let waitMs: number;
let title: string;

beforeAll(async () => {
  lab = await openLab();
  site = await startSmallServer((request, response) => {
    const number = Number(/^\/p\/(\d+)$/.exec(request.url ?? '')?.[1] ?? Number.NaN);
    if (Number.isNaN(number)) response.writeHead(404).end();
    else if (broken.includes(number)) response.writeHead(500).end('<h1>broken</h1>');
    else
      setTimeout(
        () => response.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>${title} ${number}</h1>`),
        waitMs,
      );
  });
});
beforeEach(() => {
  broken = BROKEN;
  waitMs = 0;
  title = 'old';
  site.asked.length = 0;
});
afterAll(async () => {
  await site?.stop();
  await lab?.close();
});

const writeTarget = (name: string, minCompleted: number): Promise<string> =>
  lab.target(
    name,
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ number: z.number(), title: z.string() }),
  key: ['number'],
  discover: Array.from({ length: ${PAGES} }, (_, number) => '${site.url}/p/' + number),
  ready: 'h1',
  extract: async ({ page }) => {
    const title = await page.locator('h1').innerText();
    return { number: Number(title.split(' ')[1]), title };
  },
  retries: 0,
  gate: { minCompleted: ${minCompleted} },
});
`,
  );

async function expectAllDelivered(name: string, batch: string): Promise<void> {
  const { manifest } = await lab.manifest(name, DATE);
  expect(manifest).toMatchObject({
    batch,
    pages: { frontier: PAGES, completed: PAGES, dead: 0, unfinished: 0 },
    rows: { read: PAGES, delivered: PAGES, duplicates: 0, quarantined: 0 },
  });
  const rows = await lab.query(name, DATE, 'select title from FILES order by number');
  expect(rows.map((row) => row.title)).toEqual(
    // Only what was dead is rendered again.
    Array.from({ length: PAGES }, (_, number) => `${BROKEN.includes(number) ? 'new' : 'old'} ${number}`),
  );
  expect(await lab.lines(name, batch, 'dead-letters.ndjson')).toEqual([]);
}

function mend(but: readonly number[] = []): void {
  broken = but;
  title = 'new';
  site.asked.length = 0;
}

const pagesAsked = (): string[] => site.asked.filter((url) => url.startsWith('/p/'));

const ENDS = [
  ['held', 0.98, 3],
  ['delivered', 0.5, 0],
] as const;
test.each(casesOf(ENDS, 1))(
  'a batch that was %s: failures by cause, put back, whatever is killed, and delivered with them',
  async (state, least, exit) => {
    const name = `retry-${state}`;
    const target = await writeTarget(name, least);
    const { code, report } = await runBatch(lab, target, { date: DATE });
    expect({ code, state: report.state }).toEqual({ code: exit, state });
    const { batch } = report;

    const seen = await lab.thresh(['failures', batch]);
    expect(seen.stdout).toMatch(/^2 dead letters in /);
    expect(seen.stdout).toMatch(/^ +2 {2}HTTP_STATUS {2}URL answered 500/m);
    for (const number of BROKEN)
      expect(seen.stdout).toMatch(new RegExp(`page ${number} +${site.url}/p/${number}$`, 'm'));
    const kept = seen.stdout.match(/\/\S+\/artifacts\/page-[24]\.(png|html)$/gm) ?? [];
    expect(kept).toHaveLength(4);
    expect(kept.filter((file) => !existsSync(file))).toEqual([]);
    expect(seen.stdout).toContain(`thresh failures ${batch} --retry`);

    // Killed, it goes on by the ordinary command; what fails again is a dead letter again.
    mend(isLong ? [4] : []);
    waitMs = 2_000;
    const retrying = lab.start(['failures', batch, '--retry']);
    await expect.poll(pagesAsked).toContain('/p/2');
    retrying.child.kill('SIGKILL');
    await retrying.ended;
    if (state === 'delivered')
      expect((await lab.manifest(name, DATE)).manifest.rows.delivered).toBe(PAGES - BROKEN.length);
    waitMs = 0;
    const after = await runBatch(lab, target, { date: DATE });
    expect([...new Set(pagesAsked())].sort()).toEqual(BROKEN.map((number) => `/p/${number}`));
    if (!isLong) {
      expect(after.report).toMatchObject({ batch, state: 'delivered' });
      await expectAllDelivered(name, batch);
      return;
    }
    expect(after.report).toMatchObject({ batch, state, pages: { completed: PAGES - 1, dead: 1 } });

    mend();
    const again = await lab.thresh(['failures', batch, '--retry', '--json']);
    expect(again.code, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout) as Report).toMatchObject({ batch, state: 'delivered' });
    expect(pagesAsked()).toEqual(['/p/4']);
    await expectAllDelivered(name, batch);

    const nothing = await lab.thresh(['failures', batch, '--retry']);
    expect(nothing).toMatchObject({ code: 0, stdout: `${batch} has no dead letters\n` });
  },
);

longTest('what fails again is a dead letter again, and the batch is as good as before', async () => {
  const { report } = await runBatch(lab, await writeTarget('retry-in-vain', 0.5), { date: DATE });
  const again = await lab.thresh(['failures', report.batch, '--retry', '--json']);
  expect(again.code, again.stderr).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({
    state: 'delivered',
    pages: { completed: PAGES - 2, dead: 2 },
  });
});

test('of a batch that failed before it had all its pages no dead letter is put back', async () => {
  const batch = await writeNight(lab.home, { target: 'retry-broken-off', date: DATE, state: 'failed' });
  const { code, stderr } = await lab.thresh(['failures', batch, '--retry']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/is failed: its dead letters .* are listed once it was aggregated/);
});

longTest('a batch that failed before it had all its pages is not delivered by a retry', async () => {
  const target = await lab.target(
    'retry-failed',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'retry-failed',
  schema: z.object({ title: z.string() }),
  key: ['title'],
  async *discover() {
    yield '${site.url}/p/1';
    throw new Error('the catalogue broke off');
  },
  fields: { fields: { title: 'h1' } },
});
`,
  );
  const { code, stdout, stderr } = await lab.thresh(['run', target, '--date', DATE, '--json']);
  expect(code, stderr).toBe(1);
  const batch = /retry-failed-20260301-[0-9a-z]{6}/.exec(stderr + stdout)?.[0] ?? '';
  const again = await lab.thresh(['failures', batch, '--retry']);
  expect(again.code).toBe(2);
  expect(again.stderr).toMatch(/is failed: its dead letters .* are listed once it was aggregated/);
  expect(existsSync(`${lab.out}/retry-failed/date=${DATE}`)).toBe(false);
});
