/** The demo's target: every product page that the shop's sitemap names. `npm run demo` starts the shop and runs it. */
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

const shop = process.env.THRESH_DEMO_URL ?? 'http://127.0.0.1:4000';

export default defineTarget({
  name: 'demo-shop',
  schema: z.object({
    sku: z.string().min(1),
    title: z.string(),
    price: z.number().positive(),
    category: z.string(),
    tags: z.array(z.string()),
    stock: z.number().int().nonnegative(),
    listedAt: z.date().optional(),
  }),
  key: ['sku'],
  discover: sitemap(`${shop}/sitemap.xml`, { include: /\/p\// }),
  ready: '[data-sku]',
  gone: '[data-testid="not-found"]',
  allowHosts: [],
  sla: { window: '30m' },
  async extract({ page }) {
    const row = await page.evaluate(() => {
      const product = document.querySelector('article[data-sku]');
      const text = (selector: string) => product?.querySelector(selector)?.textContent ?? undefined;
      const price = text('.price');
      const amount = price === undefined ? undefined : /-?[\d.,]*\d/.exec(price.replace('\u2212', '-'))?.[0];
      return {
        sku: product?.getAttribute('data-sku'),
        title: text('.title'),
        price: amount === undefined ? price : Number(amount.replaceAll(',', '')) * (/^\s*-/.test(price ?? '') ? Math.sign(Number(amount.replaceAll(',', ''))) || 1 : 1),
        category: text('.category'),
        tags: [...(product?.querySelectorAll('.tag') ?? [])].map((tag) => tag.textContent ?? ''),
        stock: Number(product?.querySelector('[data-stock]')?.getAttribute('data-stock')),
        listedAt: product?.querySelector('time')?.getAttribute('datetime') ?? undefined,
      };
    });
    return { ...row, listedAt: row.listedAt === undefined ? undefined : new Date(row.listedAt) };
  },
});
