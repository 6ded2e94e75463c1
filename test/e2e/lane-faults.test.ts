/** What goes wrong while pages are fetched without a browser: nothing is lost, and nothing rendered that need not be. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createSoftBook } from '../../src/batch/soft-book.js';
import { batchFiles } from '../../src/batch/spec.js';
import { readAllGroups } from '../../src/spool/segment-reader.js';
import { isVoid } from '../../src/spool/which-counts.js';
import { type DataSite, itemAt, itemsTarget, startDataSite } from '../support/data-site.js';
import { type Lab, openLab } from '../support/lab.js';
import { longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';

const PAGES = 48;
/** Enough to learn from. */
const FEW = 20;
const DATE = '2026-03-01';
const args = ['--concurrency', '2'];
let lab: Lab;
let site: DataSite;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab?.close());

beforeEach(async () => {
  site = await startDataSite(PAGES);
  return () => site.stop();
});

async function expectTheTruth(name: string, pages = PAGES): Promise<void> {
  const rows = await lab.query(name, DATE, 'select sku, price from FILES order by price');
  expect(rows).toEqual(Array.from({ length: pages }, (_, page) => itemAt(page)));
}

longTest(
  'an API that robots.txt disallows is not asked without a browser, and the report says so',
  async () => {
    site.settings.robots = 'User-agent: *\nDisallow: /api/';
    const { code, report, stderr } = await runBatch(lab, await itemsTarget(lab, 'disallowed', site), {
      date: DATE,
      args: [...args, '--limit', String(FEW)],
    });
    expect(code, stderr).toBe(0);
    await expectTheTruth('disallowed', FEW);
    expect(report.lane).toMatchObject({ fetched: 0, rendered: FEW, compared: 0 });
    expect(report.lane?.notLearned?.['2 segments']).toMatch(
      /^robots\.txt disallows http:.*\/api\/items\/\d+$/,
    );
    expect(site.fetches).toEqual([]);
    expect(site.browserRequests).toBe(FEW);
  },
);

/** SIGKILL after so many fetched pages, or when the lane is off, and the same command again, with `meanwhile` beside it. */
async function killAndGoOn(
  name: string,
  after: number,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
) {
  site.settings.latencyMs = 40;
  const target = await itemsTarget(lab, name, site);
  const running = lab.start(['run', target, '--json', '--date', DATE, ...args]);
  const isTime = (): boolean => site.fetches.length > after || running.said().includes('"batch.lane-off"');
  await expect.poll(isTime, { interval: 5 }).toBe(true);
  running.child.kill('SIGKILL');
  await running.ended;
  site.settings.liesFrom = Number.POSITIVE_INFINITY;
  const [ended] = await Promise.all([runBatch(lab, target, { date: DATE, args }), meanwhile()]);
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stderr).toMatch(/"batch\.resumed"/);
  expect(ended.report.pages).toMatchObject({ completed: PAGES, dead: 0 });
  await expectTheTruth(name);
  return { report: ended.report, said: running.said() + ended.stderr };
}

/** When a few more pages were fetched. */
async function refuseForAWhile(): Promise<void> {
  const { settings, fetches } = site;
  const before = fetches.length;
  await expect.poll(() => fetches.length, { interval: 5 }).toBeGreaterThan(before + 5);
  settings.retryAfterS = 3;
  settings.refusesUntilMs = Date.now() + 2_000;
}

test('killed while it fetches it goes on, and what the dead process had fetched is proven by a rendered page; a 429 has the farm wait, and no page rendered for it', async () => {
  const { report } = await killAndGoOn('killed', 10, refuseForAWhile);
  const refused = site.fetches.filter(({ status }) => status === 429);
  const [first] = refused;
  if (first === undefined) throw new Error('nothing was refused');
  // Those that were on their way when the answer came are asked to wait as well.
  expect(refused.length).toBeLessThanOrEqual(2);
  const early = site.fetches.filter(({ atMs }) => atMs > first.atMs + 1_000 && atMs < first.atMs + 2_900);
  expect(early).toEqual([]);
  expect(
    Object.keys(report.lane?.renderedFor ?? {}).filter((why) => !/^(learning|sample)$/.test(why)),
  ).toEqual([]);
  expect(report.lane?.off).toBeUndefined();
  expect(report.lane?.fetched).toBeGreaterThan(PAGES / 3);
  const files = batchFiles(lab.home, report.batch);
  const { proven } = await createSoftBook({ file: files.soft, patiently: (work) => work() }).look();
  const sequences = new Set<string>();
  for await (const { page } of readAllGroups(files.segments)) {
    if (page.soft === undefined) continue;
    expect(isVoid(page, { softBeyond: proven }), page.url).toBe(false);
    sequences.add(page.soft.document);
  }
  expect(sequences.size).toBe(2);
});

longTest(
  'what was fetched from an API that lies, by a process that was killed, is found out and rendered again',
  async () => {
    site.settings.liesFrom = 9;
    const { report, said } = await killAndGoOn('killed-liar', 12);
    expect(report.lane?.off).toMatch(/gives other rows than when it is loaded/);
    expect(said).toMatch(/"batch\.lane-undone"/);
  },
);
