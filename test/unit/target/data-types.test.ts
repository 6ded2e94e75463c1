/** What the compiler says of targets with `data`: this file is checked by it, and run to see that they load so. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineTarget, type ExtractContext } from '../../../src/index.js';

const base = {
  name: 'typed',
  schema: z.object({ sku: z.string() }),
  key: ['sku' as const],
  discover: [],
  data: { product: /\/api\// },
};

interface Product {
  sku: string;
  offers: { price: number }[];
}

test('data is read without casts, and by a type of one’s own', () => {
  const plain = defineTarget({
    ...base,
    extract: ({ data }) => ({
      sku: data.product?.sku,
      prices: data.product?.offers?.map((offer) => offer.price),
      first: data.product?.offers?.[0]?.price,
    }),
  });
  const typed = defineTarget({
    ...base,
    extract: ({ data }: ExtractContext<{ product: Product }>) => ({
      sku: data.product.sku.toUpperCase(),
      total: data.product.offers.reduce((sum, { price }) => sum + price, 0),
      // @ts-expect-error it has no such property
      wrong: data.product.skew,
    }),
  });
  const labelled = defineTarget({
    ...base,
    data: { detail: { product: /\/api\// }, list: {} },
    extract: { detail: ({ data }) => ({ sku: data.product?.sku }), list: ({ page }) => page.url() },
  });
  for (const { data } of [plain, typed, labelled]) expect(data).toBeDefined();
});
