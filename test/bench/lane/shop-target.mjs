// @ts-check
/** The shop's product pages as a target of one lane, and what the bare loop makes of the same answers. */

/** @param {{ name: string, shop: string, lane: 'render' | 'auto', inFlight: number }} how @returns {string} its code */
export function targetCode({ name, shop, lane, inFlight }) {
  return `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({
    sku: z.string().min(1),
    title: z.string(),
    price: z.number().positive(),
    stock: z.number().int().nonnegative(),
    tags: z.array(z.string()),
    description: z.string(),
  }),
  key: ['sku'],
  discover: sitemap('${shop}/sitemap.xml', { include: /\\/p\\// }),
  gone: '[data-testid="not-found"]',
  data: { product: /\\/api\\/products\\/[^/]+$/, more: /\\/api\\/products\\/[^/]+\\/more$/ },
  lane: '${lane}',
  throttle: { maxConcurrency: ${inFlight} },
  extract: ${rowOf.toString().replace(/^function rowOf/, 'function')},
});
`;
}

/** @param {{ data: { product: any, more: any } }} answers */
export function rowOf({ data: { product, more } }) {
  return {
    sku: product.sku,
    title: product.title,
    price: product.price,
    stock: more.stock,
    tags: product.tags,
    description: product.description,
  };
}
