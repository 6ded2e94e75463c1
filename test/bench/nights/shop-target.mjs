// @ts-check
/** The shop's product pages as a target: of an application, or with their rows in their documents. */
import { createCatalogue } from '../../shop/catalogue.mjs';

/** @typedef {'lastmod' | 'document'} By */

/**
 * @param {{ name: string, shop: string, by: By, pages: number, isFull: boolean }} how `isFull`: every page, in the lane in
 *   which that is cheapest
 * @returns {string} its code
 */
export function targetCode({ name, shop, by, pages, isFull }) {
  return `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string().min(1), title: z.string(), price: z.string(), sku: z.string() }),
  key: ['slug'],
  gate: { maxQuarantined: 1 },
  ${isFull ? "lane: 'auto'," : `incremental: { by: ['${by}'] },`}
  ${isFull || by === 'lastmod' ? ofApplication(shop) : ofDocuments(shop, pages)}
  extract: ({ data }) => {
    const { slug, title, price, sku } = data.product ?? data.next.props.pageProps.product;
    return { slug, title, price: String(price), sku };
  },
});
`;
}

/** @param {string} shop */
function ofApplication(shop) {
  return `discover: sitemap('${shop}/sitemap.xml', { include: /\\/p\\// }),
  data: { product: /\\/api\\/products\\/[^/]+$/ },`;
}

/** @param {string} shop @param {number} pages */
function ofDocuments(shop, pages) {
  const catalogue = createCatalogue({ products: pages });
  const urls = Array.from({ length: pages }, (_, number) => shop + catalogue.pathOf(number));
  return `discover: ${JSON.stringify(urls.map((url) => url.replace('/p/', '/e/')))},
  data: { next: { embedded: '__NEXT_DATA__' } },`;
}
