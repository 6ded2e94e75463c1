/** Pages that harm the browser that they are in: they end as dead letters with the reason, and no other page suffers. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';

const PRODUCTS = 9;
const DATE = '2026-03-01';
const MOST_MB = 500;
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

/** The products with `bad` in their midst; `extract` is code of the target. */
function writeTarget(name: string, bad: string, extract: string): Promise<string> {
  const products = Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.pathOf(number));
  const paths = products.toSpliced(PRODUCTS / 3, 0, bad);
  return lab.target(
    name,
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ path: z.string() }),
  key: ['path'],
  discover: ${JSON.stringify(paths.map((one) => shop.url + one))},
  ready: '[data-sku]',
  async extract({ page }) {
    const path = new URL(page.url()).pathname;
    ${extract}
    return { path };
  },
  retries: 1,
  timeoutMs: 20_000,
  gate: { minCompleted: 0.9 },
});
`,
  );
}

async function run(target: string, args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await lab.thresh(['run', target, '--date', DATE, '--json', ...args], env);
  expect(code, stderr).toBe(0);
  const report = JSON.parse(stdout) as { batch: string; target: string; pages: object };
  expect(report.pages).toMatchObject({ frontier: PRODUCTS + 1, completed: PRODUCTS, dead: 1 });
  const [dead] = await lab.lines(report.target, report.batch, 'dead-letters.ndjson');
  expect(await readdir(path.join(lab.home, 'browsers'))).toEqual([]);
  return { failure: dead?.failure as { code: string; message: string }, attempt: dead?.attempt };
}

test.runIf(process.platform === 'linux')(
  'a page that eats memory',
  async () => {
    const target = await writeTarget('greedy', '/hostile/memory?mb=1500', '');
    const { failure, attempt } = await run(target, ['--concurrency', '3'], {
      THRESH_MAX_PROCESS_MB: String(MOST_MB),
    });
    expect(failure.code).toBe('PAGE_MEMORY');
    expect(failure.message).toMatch(
      /^the page used \d+ MB of memory, where 500 MB are the most, and was stopped$/,
    );
    expect(Number(/\d+/.exec(failure.message)?.[0])).toBeLessThan(1_500);
    expect(attempt).toBe(2);
  },
  120_000,
);

test.runIf(process.platform === 'linux')(
  'a page that kills its browser at each attempt',
  async () => {
    const target = await writeTarget(
      'killer',
      `${shop.catalogue.pathOf(0)}?kill=1`,
      `if (page.url().endsWith('?kill=1')) {
        const session = await page.context().browser().newBrowserCDPSession();
        const { processInfo } = await session.send('SystemInfo.getProcessInfo');
        process.kill(processInfo.find(({ type }) => type === 'browser').id, 'SIGKILL');
        await page.waitForTimeout(10_000);
      }`,
    );
    const { failure } = await run(target, ['--concurrency', '4']);
    expect(failure).toMatchObject({
      code: 'BROWSER_CRASHED',
      message: 'the browser went away while the page was at work, with no other page in it',
    });
  },
  120_000,
);
