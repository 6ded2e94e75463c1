/**
 * A farm as people have it in the morning: targets that delivered, one whose rows are refused in part, one that the gate
 * holds because pages of it failed. All of it from real runs, by a worker, begun over HTTP.
 */
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, type Running } from './lab.js';
import { startLightShop } from './light-shop.js';

export interface DashboardFarm {
  lab: Lab;
  /** Of `thresh serve`. */
  url: string;
  worker: Running;
  server: Running;
  /** Runs the target's batch of that date to its end; resolves with its id. */
  night(target: string, date: string, limit?: number): Promise<string>;
  close(): Promise<void>;
}

/** Text that would do something wherever text is taken for more: markup, an escape, a formula. */
export const HOSTILE = `<img src=x onerror="window.owned=1"><script>window.owned=1</script>\u001b]0;owned\u0007\u001b[31m=HYPERLINK("http://x")`;

/** `demo`: of the demo shop, whose pages are something to look at. */
export async function openDashboardFarm({ demo = false } = {}): Promise<DashboardFarm> {
  const shop = await (demo ? startShop : startLightShop)({ products: 6 });
  const lab = await openLab();
  const code = (name: string, more: string, schema = 'slug: z.string(), title: z.string()'): string => `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

const HOSTILE = ${JSON.stringify(HOSTILE)};

export default defineTarget({
  name: '${name}',
  schema: z.object({ ${schema} }),
  key: ['slug'],
  retries: 0,
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  sla: { window: '1h', pace: false },
  ${more}
});
`;
  const rows = (extra: string): string => `async extract({ page, request }) {
    const slug = request.url.split('/').at(-1);
    const title = await page.evaluate(() => document.querySelector('h1')?.textContent ?? '');
    const nth = [...slug].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
    ${extra}
    return { slug, title };
  },`;
  await lab.target('books', code('books', rows('')));
  await lab.target('garden', code('garden', rows('')));
  await lab.target(
    'prices',
    code(
      'prices',
      `gate: { maxQuarantined: 0.9 }, ${rows("if (nth % 3 === 0) return { slug, title: HOSTILE, price: 'n/a' };")}`,
      'slug: z.string(), title: z.string(), price: z.number().optional()',
    ),
  );
  await lab.target(
    'toys',
    code(
      'toys',
      rows(`if (nth % 3 === 0) {
      await page.evaluate((text) => { document.querySelector('h1').textContent = text; }, HOSTILE);
      throw new Error('no price beside ' + HOSTILE);
    }`),
    ),
  );
  const worker = lab.start(['worker', '--concurrency', '2']);
  const server = lab.start(['serve', '--port', '0']);
  await server.says(/serving http/);
  const url = /serving (http:\S+)/.exec(server.said())?.[1] ?? '';

  return {
    lab,
    url,
    worker,
    server,
    async night(target, date, limit) {
      const response = await fetch(`${url}/api/batches`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ target, date, ...(limit === undefined ? {} : { limit }) }),
      });
      const { batch } = (await response.json()) as { batch: string };
      await fetch(`${url}/api/batches/${batch}/events`).then((stream) => stream.text());
      return batch;
    },
    async close() {
      await lab.close();
      await shop.stop();
    },
  };
}
