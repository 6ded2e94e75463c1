import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 14;
/** Longer than the lock of a batch and that of a page. */
const FROZEN_MS = 15_000;
/** At most: until somebody else has rendered its page. */
const BLOCKED_MS = 90_000;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
});

afterAll(() => shop?.stop());

async function inOwnLab(work: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await openLab();
  await work(lab).finally(() => lab.close());
}

async function expectTheTruth(lab: Lab, target: string): Promise<void> {
  const rows = await lab.query(target, '2026-03-01', 'select slug from FILES order by slug');
  expect(rows.map(({ slug }) => slug)).toEqual(
    Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.productAt(number).slug).sort(),
  );
}

// Beside each other: both wait most of their time.
test.concurrent('a process that stood still for longer than its locks goes on with its batch, once', () =>
  inOwnLab(async (lab) => {
    const target = await lab.target(
      'frozen',
      `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'frozen',
  schema: z.object({ slug: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  async extract({ page, log }) {
    log.info('read');
    return { slug: await page.locator('article.product').getAttribute('data-slug') };
  },
});
`,
    );
    const running = lab.start(['run', target, '--json', '--date', '2026-03-01', '--concurrency', '2']);
    await running.says(/(?:"message":"read".*?){6}/s);
    running.child.kill('SIGSTOP');
    await delay(FROZEN_MS); // what is tested is time that passes
    running.child.kill('SIGCONT');
    const { code, stdout, stderr } = await running.ended;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS });
    for (const state of ['aggregating', 'delivered'])
      expect(stderr.match(new RegExp(`"state":"${state}","msg":"batch.entered"`, 'g'))?.length).toBe(1);
    await expectTheTruth(lab, 'frozen');
  }));

test.concurrent('a page whose process is blocked for longer than its lock is rendered twice, and counts once', () =>
  inOwnLab(async (lab) => {
    const target = await lab.target(
      'blocked',
      `
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

const here = ${JSON.stringify(lab.dir)};

function isFirst(name) {
  try {
    mkdirSync(here + '/' + name);
    return true;
  } catch {
    return false;
  }
}

export default defineTarget({
  name: 'blocked',
  schema: z.object({ slug: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  async extract({ page, log }) {
    const slug = await page.locator('article.product').getAttribute('data-slug');
    writeFileSync(here + '/rendered', slug + '\\n', { flag: 'a' });
    if (process.argv.includes('worker') && isFirst('blocked')) {
      // Nothing of this process runs meanwhile: its locks lapse, and others do its pages.
      const untilMs = Date.now() + ${BLOCKED_MS};
      const times = () => readFileSync(here + '/rendered', 'utf8').split('\\n').filter((one) => one === slug).length;
      while (Date.now() < untilMs && times() < 2)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
      log.info('went on');
    }
    return { slug };
  },
});
`,
    );
    const worker = lab.start(['worker', '--concurrency', '2']);
    await worker.says(/working for the farm/);
    const { code, report, stderr } = await runBatch(lab, target, {
      date: '2026-03-01',
      args: ['--concurrency', '1'],
    });
    expect(code, stderr).toBe(0);
    await worker.says(/"message":"went on"/);
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    const rendered = (await readFile(path.join(lab.dir, 'rendered'), 'utf8')).trimEnd().split('\n');
    expect(rendered.length).toBeGreaterThan(PRODUCTS);
    expect(new Set(rendered).size).toBe(PRODUCTS);
    expect(report.pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS, dead: 0 });
    expect(report.rows).toMatchObject({ delivered: PRODUCTS, duplicates: 0 });
    await expectTheTruth(lab, 'blocked');
  }));
