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
    currency: z.enum(['EUR', 'USD', 'GBP']),
    category: z.string(),
    stock: z.number().int().nonnegative(),
    available: z.boolean(),
    rating: z.number().min(1).max(5).optional(),
    tags: z.array(z.string()),
    specs: z.object({
      material: z.string(),
      weightGrams: z.number().int(),
      dimensions: z.object({
        widthMm: z.number().int(),
        heightMm: z.number().int(),
        depthMm: z.number().int(),
      }),
      extra: z.record(z.string(), z.string()),
    }),
    listedAt: z.date().optional(),
    description: z.string(),
  }),
  key: ['sku'],
  discover: sitemap(`${shop}/sitemap.xml`, { include: /\/p\// }),
  ready: '[data-sku]',
  gone: '[data-testid="not-found"]',
  // A demo is looked at: paced, it would take 21 of its 30 minutes.
  sla: { window: '30m', pace: false },

  async extract({ page }) {
    const row = await page.evaluate(() => {
      const product = document.querySelector('article[data-sku]');
      const find = (selector: string) => product?.querySelector(selector);
      const text = (selector: string) => find(selector)?.textContent ?? undefined;
      const attribute = (selector: string, name: string) => find(selector)?.getAttribute(name) ?? undefined;
      const spec = (path: string) => text(`[data-spec="${path}"] .value`);
      const all = (selector: string) => [...(product?.querySelectorAll(selector) ?? [])];
      const stock = Number(attribute('[data-stock]', 'data-stock'));
      return {
        sku: product?.getAttribute('data-sku'),
        title: text('.title'),
        price: text('.price'),
        currency: attribute('.price', 'data-currency'),
        category: text('.category'),
        stock,
        available: stock > 0,
        rating: attribute('[data-rating]', 'data-rating'),
        tags: all('.tag').map((tag) => tag.textContent),
        specs: {
          material: spec('material'),
          weightGrams: Number(spec('weightGrams')),
          dimensions: {
            widthMm: Number(spec('dimensions.widthMm')),
            heightMm: Number(spec('dimensions.heightMm')),
            depthMm: Number(spec('dimensions.depthMm')),
          },
          extra: Object.fromEntries(
            all('[data-extra]').map((line) => [
              line.getAttribute('data-extra'),
              line.querySelector('td')?.textContent,
            ]),
          ),
        },
        listedAt: attribute('time', 'datetime'),
        description: text('.description'),
      };
    });
    return {
      ...row,
      price: priceOf(row.price),
      rating: row.rating === undefined ? undefined : Number(row.rating),
      listedAt: row.listedAt === undefined ? undefined : new Date(row.listedAt),
    };
  },
});

/** `-€1,234.50` is -1234.5. What is no amount stays as it is, for the schema to refuse. */
function priceOf(text: string | undefined): number | string | undefined {
  const amount = /^(-?)\D?([\d,]+(?:\.\d+)?)$/.exec(text ?? '');
  if (amount === null) return text;
  return Number(`${amount[1]}${amount[2]?.replaceAll(',', '')}`);
}
