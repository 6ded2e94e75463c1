/** A target of the demo shop that reads what its product pages ask for, by either lane. */
import type { Lab } from './lab.js';

export interface DataTarget {
  name: string;
  shop: string;
  lane: 'render' | 'auto';
  /** Other options of the target, as code. */
  more?: string;
  /** What `extract` makes the title of, as code. */
  title?: string;
}

export function dataTarget(
  lab: Lab,
  { name, shop, lane, more = '', title = 'product.title' }: DataTarget,
): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

const price = ({ price, offer }) => (offer === undefined ? price : offer.price);

export default defineTarget({
  name: '${name}',
  schema: z.object({
    sku: z.string().min(1),
    title: z.string(),
    price: z.number().positive(),
    stock: z.number().int().nonnegative(),
    tags: z.array(z.string()),
    related: z.array(z.string()),
    listedAt: z.string().optional(),
  }),
  key: ['sku'],
  discover: sitemap('${shop}/sitemap.xml', { include: /\\/p\\// }),
  gone: '[data-testid="not-found"]',
  data: { product: /\\/api\\/products\\/[^/]+$/, more: /\\/api\\/products\\/[^/]+\\/more$/ },
  lane: '${lane}',
  ${more}
  extract: async ({ page, data: { product, more } }) => ({
    sku: product.sku,
    title: await ${title},
    price: price(product),
    stock: more.stock,
    tags: product.tags,
    related: more.recommendations.map(({ sku }) => sku),
    listedAt: product.listedAt ?? undefined,
  }),
});
`,
  );
}
