/** Pages that mean harm: each ends as one row or one dead letter with its reason, nobody beside it suffers, nothing is left. */
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { isLong } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = isLong ? 8 : 5;
const TIMEOUT_MS = isLong ? 10_000 : 6_000;
/** What a page may take beyond its time: a last screenshot of a page that does not answer, and its end. */
const GRACE_MS = 9_000;
const MOST_MB = 700;
const AT_ONCE = 4;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
});

afterAll(async () => {
  await shop?.stop();
});

/** Pages that show their row and then misbehave: read all the same. */
const readable = [
  'dialogs',
  'beforeunload',
  'popups',
  'auto-download',
  'console',
  'reload',
  'service-worker',
  'worker-loop',
];

/** Shows its row and locks up 100 ms later: read, or given up on a machine that is busier than that. */
const racing = isLong ? ['loop-late'] : [];

/** Pages that cannot be read, and the one reason that is given. */
const unreadable: Record<string, RegExp> = {
  'never-ready': /^NOT_READY: \S+\/hostile\/never-ready did not get ready \(\[data-sku\]\) in time$/,
  loop: /^NOT_READY: \S+\/hostile\/loop did not get ready \(\[data-sku\]\) in time$/,
  'redirect-loop': /^NAVIGATION_FAILED: \S+\/hostile\/redirect-loop: redirects in a circle/,
  download: /^NAVIGATION_FAILED: \S+\/hostile\/download is a download, not a page$/,
  'big-download?mb=500': /^NAVIGATION_FAILED: \S+\/hostile\/big-download\?mb=500 is a download, not a page$/,
  // On a machine that is slow enough it does not even get ready.
  flood: /^(?:EXTRACT_FAILED: the fields of the page hold more than 16 million characters$|NOT_READY)/,
  'slow-head': /^PAGE_TIMEOUT: \S+\/hostile\/slow-head: did not answer in time$/,
  'slow-body': /^NOT_READY: \S+\/hostile\/slow-body did not get ready/,
  'cut-off': /^NOT_READY: \S+\/hostile\/cut-off did not get ready/,
};
// The same ends by other ways, each of which takes its time twice.
if (!isLong) for (const name of ['never-ready', 'slow-body', 'cut-off', 'download']) delete unreadable[name];

/** Where nothing is known of processes, neither is there a way to stop them. */
const isLinux = process.platform === 'linux';
if (isLinux) {
  unreadable['never-ready?stopped=1'] =
    /^NOT_READY: \S+\/hostile\/never-ready\?stopped=1 did not get ready in time$/;
}
// In every run: greedy.test.ts.
if (isLinux && isLong) {
  // On a machine that is slow enough it has not come that far when its time is up (greedy.test.ts waits for it).
  unreadable['memory?mb=2048'] =
    /^(?:PAGE_MEMORY: the page used \d+ MB of memory, where 700 MB are the most, and was stopped$|NOT_READY)/;
}

/** Code of a target: SIGSTOP for the renderer of this page, or for every process of its browser. */
const stop = `
async function stopRenderer(page) {
  const session = await page.context().newCDPSession(page);
  const ended = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  const pids = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const { name, args } of value)
      if (name === 'TracingStartedInBrowser') pids.push(...args.data.frames.map(({ processId }) => processId));
  });
  const includedCategories = ['disabled-by-default-devtools.timeline'];
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } });
  await session.send('Tracing.end');
  await ended;
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  if (pids.length !== 1) throw new Error('whose renderer?');
}

async function stopBrowser(page) {
  const session = await page.context().browser().newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  for (const { id } of processInfo) process.kill(id, 'SIGSTOP');
}
`;

/** Nothing of any browser, neither in the home nor in the system's temp folder. */
async function expectNothingLeft(lab: Lab, temp: string): Promise<void> {
  expect(await readdir(path.join(lab.home, 'browsers'))).toEqual([]);
  expect((await readdir(temp)).filter((name) => /chrom|playwright|profile/i.test(name))).toEqual([]);
}

async function ownTemp(lab: Lab): Promise<string> {
  const temp = path.join(lab.dir, 'tmp');
  await mkdir(temp, { recursive: true });
  return temp;
}

async function inOwnLab(work: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await openLab();
  await work(lab).finally(() => lab.close());
}

// Beside each other: both wait most of their time.
test.concurrent(
  'each hostile page ends as one row or one dead letter with its reason, and no other page suffers',
  () =>
    inOwnLab(async (lab) => {
      const hostile = [...readable, ...racing, ...Object.keys(unreadable)].map((name) => `/hostile/${name}`);
      const products = Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.pathOf(number));
      // Hostile and well-behaved pages in turn, so that they are in one browser at the same time.
      const paths = hostile.flatMap((one, at) => (products[at] === undefined ? [one] : [one, products[at]]));
      const pages = paths.map((one) => ({
        url: shop.url + one,
        label: one.endsWith('?stopped=1') ? 'stopped' : 'plain',
      }));
      const temp = await ownTemp(lab);
      const target = await lab.target(
        'hostile',
        `
import { defineTarget } from 'thresh';
import { z } from 'zod';
${stop}
export default defineTarget({
  name: 'hostile',
  schema: z.object({ sku: z.string(), title: z.string() }),
  key: ['sku'],
  discover: ${JSON.stringify(pages)},
  ready: {
    plain: '[data-sku]',
    async stopped(page) {
      await stopRenderer(page);
      await page.evaluate('1');
    },
  },
  fields: { rows: 'article[data-sku]', fields: { sku: '@data-sku', title: '.title' } },
  timeoutMs: ${TIMEOUT_MS},
  retries: 1,
  gate: { minCompleted: 0.4 }, // what ought to have been read and was not is told below, by name
});
`,
      );
      const { code, report, stderr } = await runBatch(lab, target, {
        date: '2026-03-01',
        args: ['--concurrency', String(AT_ONCE)],
        env: { TMPDIR: temp, THRESH_MAX_PROCESS_MB: String(MOST_MB) },
      });
      expect(code, stderr).toBe(0);
      const letters = await lab.lines('hostile', report.batch, 'dead-letters.ndjson');
      const reasons = Object.fromEntries(
        letters.map(({ url, failure }) => {
          const { code: why, message } = failure as Record<string, string>;
          const { pathname, search } = new URL(String(url));
          return [pathname.slice('/hostile/'.length) + search, `${why}: ${message}`];
        }),
      );
      const delivered = await lab.query('hostile', '2026-03-01', 'select sku from FILES order by sku');
      const isRead = (name: string): boolean => delivered.some(({ sku }) => sku === `HOSTILE-${name}`);
      const read = [...readable, ...racing.filter(isRead)];
      const names = [...Object.keys(unreadable), ...racing.filter((name) => !isRead(name))];
      // First, so that a page which ought to have been read tells why it was not.
      expect(Object.keys(reasons).sort(), JSON.stringify(reasons)).toEqual(names.toSorted());
      expect(report.pages).toMatchObject({ completed: PRODUCTS + read.length, dead: names.length });
      expect(report.rows).toMatchObject({ delivered: PRODUCTS + read.length, duplicates: 0 });
      expect(delivered.map(({ sku }) => sku)).toEqual(
        [
          ...read.map((name) => `HOSTILE-${name}`),
          ...Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.productAt(number).sku),
        ].sort(),
      );
      for (const name of names)
        expect(reasons[name]).toMatch(unreadable[name] ?? /^(?:NOT_READY|PAGE_TIMEOUT)/);
      const asked = shop.accessLog().filter((entry) => entry.kind === 'hostile');
      for (const { url, ms } of asked) expect(ms, url).toBeLessThan(TIMEOUT_MS + GRACE_MS);
      expect(asked.filter(({ url }) => url.endsWith('/sw.js'))).toEqual([]);
      await expectNothingLeft(lab, temp);
    }),
  600_000,
); // thirty attempts that use up their time, one after the other on a machine with room for one page

test
  .runIf(isLinux)
  .concurrent(
    'a browser that stands still is stopped, and none of its pages has an attempt counted for it',
    () =>
      inOwnLab(async (lab) => {
        const urls = Array.from(
          { length: PRODUCTS },
          (_, number) => shop.url + shop.catalogue.pathOf(number),
        );
        const temp = await ownTemp(lab);
        const target = await lab.target(
          'still',
          `
import { defineTarget } from 'thresh';
import { z } from 'zod';
${stop}
let stopped = false;

export default defineTarget({
  name: 'still',
  schema: z.object({ sku: z.string() }),
  key: ['sku'],
  discover: ${JSON.stringify(urls)},
  async ready(page) {
    await page.waitForSelector('[data-sku]');
    if (stopped) return;
    stopped = true;
    await stopBrowser(page);
    await page.evaluate('1');
  },
  fields: { rows: 'article[data-sku]', fields: { sku: '@data-sku' } },
  timeoutMs: 60_000,
  retries: 0,
});
`,
        );
        const { code, report, stderr } = await runBatch(lab, target, {
          date: '2026-03-01',
          args: ['--concurrency', '3'],
          env: { TMPDIR: temp },
        });
        expect(code, stderr).toBe(0);
        expect(report.pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS, dead: 0 });
        expect(report.rows).toMatchObject({ delivered: PRODUCTS });
        expect(stderr).toContain('"reason":"the browser was stopped: it did not answer for 10 seconds"');
        await expectNothingLeft(lab, temp);
      }),
  );
