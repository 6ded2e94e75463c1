/** A shop, a lab and a target that says `read` for each page: what single faults are done to. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { loadChecked } from '../../src/batch/context.js';
import { openBatch } from '../../src/batch/open-batch.js';
import { openRedis } from '../../src/queue/redis.js';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, type Running } from '../support/lab.js';

export const DATE = '2026-03-01';

export interface FaultLab {
  lab: Lab;
  shop: Awaited<ReturnType<typeof startShop>>;
  /** Writes a target; `extra` are further lines of its definition, `slow` makes each page take that long, ms. */
  target(name: string, extra?: { slow?: number; more?: string }): Promise<string>;
  /** Puts a batch into the farm without running it; returns its folder. */
  open(target: string, redisUrl?: string): Promise<string>;
  states(batchDir: string): Promise<string[]>;
  /** Resolves when the batch has this state. */
  reaches(batchDir: string, state: string): Promise<void>;
  /** Renderings beyond one a page, so far. */
  again(): number;
  /** Every product once, and nothing else; `most` renderings were beyond one a page, and no page had more than `times`. */
  expectTheTruth(name: string, most: number, times?: number): Promise<void>;
  close(): Promise<void>;
}

/** Resolves when the process has read that many pages. */
export function hasRead(running: Running, pages: number): Promise<void> {
  return running.says(new RegExp(`(?:"message":"read"[^]*?){${pages}}`));
}

export async function openFaultLab(products: number, env: Record<string, string> = {}): Promise<FaultLab> {
  const shop = await startShop({ products });
  const lab = await openLab(env);

  async function states(batchDir: string): Promise<string[]> {
    const text = await readFile(path.join(batchDir, 'journal.ndjson'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { state: string }).state);
  }

  function again(): number {
    const times = Object.entries(shop.log().renderedTimes);
    return times.reduce((sum, [count, pages]) => sum + (Number(count) - 1) * pages, 0);
  }

  return {
    lab,
    shop,
    states,
    target: (name, { slow = 0, more = '' } = {}) =>
      lab.target(
        name,
        `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  async extract({ page, log }) {
    log.info('read');
    await page.waitForTimeout(${slow});
    return { slug: await page.locator('article.product').getAttribute('data-slug') };
  },
  ${more}
});
`,
      ),
    async open(target, redisUrl) {
      const redis = await openRedis({ home: lab.home, redisUrl });
      try {
        const loaded = await loadChecked(target);
        const { spec } = await openBatch({ home: lab.home, target: loaded, date: DATE, out: lab.out }, redis);
        return path.join(lab.home, 'batches', spec.id);
      } finally {
        await redis.close();
      }
    },
    async reaches(batchDir, state) {
      await expect.poll(() => states(batchDir), { timeout: 120_000, interval: 50 }).toContain(state);
    },
    again,
    async expectTheTruth(name, most, times = 2) {
      const rows = await lab.query(name, DATE, 'select slug from FILES order by slug');
      const truth = Array.from({ length: products }, (_, number) => shop.catalogue.productAt(number).slug);
      expect(rows.map(({ slug }) => slug)).toEqual(truth.sort());
      const { pagesRendered, renderedTimes } = shop.log();
      expect(pagesRendered).toBe(products);
      expect(Math.max(...Object.keys(renderedTimes).map(Number))).toBeLessThanOrEqual(times);
      expect(again()).toBeLessThanOrEqual(most);
    },
    async close() {
      await shop.stop();
      await lab.close();
    },
  };
}
