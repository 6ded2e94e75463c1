/** A machine with little memory, and an event loop that stands still: fewer pages at once, said so, and delivered. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { type LightShop, startLightShop } from '../support/light-shop.js';

const PRODUCTS = 6;
const DATE = '2026-03-01';
let lab: Lab;
let shop: LightShop;

beforeAll(async () => {
  shop = await startLightShop({ products: PRODUCTS });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

function writeTarget(name: string, pages: number, extract: string): Promise<string> {
  const urls = Array.from({ length: pages }, (_, number) => `${shop.url}/p/${shop.product(number).slug}`);
  return lab.target(
    name,
    `
import { existsSync } from 'node:fs';
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ path: z.string() }),
  key: ['path'],
  discover: ${JSON.stringify(urls)},
  ready: '[data-sku]',
  async extract({ page }) {
    ${extract}
    return { path: new URL(page.url()).pathname };
  },
});
`,
  );
}

interface SlotsChanged {
  msg: string;
  slots: number;
  of: number;
  reason?: string;
}

const changes = (stderr: string): SlotsChanged[] =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"worker.slots-changed"'))
    .map((line) => JSON.parse(line) as SlotsChanged);

test.runIf(process.platform === 'linux')(
  'a budget that one page uses up: one page at once, status says why, all is delivered',
  async () => {
    const seen = path.join(lab.dir, 'seen');
    const target = await writeTarget(
      'frugal',
      PRODUCTS,
      `while (!existsSync(${JSON.stringify(seen)})) await page.waitForTimeout(50);`,
    );
    const run = lab.start(['run', target, '--date', DATE, '--json', '--concurrency', '4'], {
      THRESH_MAX_MEMORY_MB: '300',
    });
    await run.says(/"slots":1,"of":4.*"reason":"memory"/);
    // The process tells of itself once a second, and its batch's snapshot follows.
    await expect
      .poll(async () => {
        const { stdout } = await lab.thresh(['status', '--json']);
        const [batch] = JSON.parse(stdout) as { snapshot?: object; workers?: object[] }[];
        return { snapshot: batch?.snapshot, workers: batch?.workers };
      })
      .toMatchObject({
        snapshot: { slots: 1, heldBy: { by: 'machine', why: 'memory' } },
        workers: [{ slots: 1, concurrency: 4, reason: 'memory', budgetMb: 300, targets: { frugal: {} } }],
      });
    await writeFile(seen, '');
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      pages: { completed: PRODUCTS },
      rows: { delivered: PRODUCTS },
    });
    expect(stderr).toContain('"browser.renewed"');
  },
);

test('an event loop that stands still is seen, and costs slots', async () => {
  // Longer than a process can be late for other reasons; then time for a look at it.
  const target = await writeTarget(
    'busy',
    2,
    `const until = Date.now() + 2_500;
    while (page.url().endsWith('-000') && Date.now() < until);
    await page.waitForTimeout(1_000);`,
  );
  const { code, stderr } = await lab.thresh(['run', target, '--date', DATE, '--json', '--concurrency', '4'], {
    THRESH_MAX_MEMORY_MB: '0',
  });
  expect(code, stderr).toBe(0);
  expect(changes(stderr)[0]).toMatchObject({ of: 4, reason: 'event-loop' });
  expect(changes(stderr)[0]?.slots).toBeLessThan(4);
});
