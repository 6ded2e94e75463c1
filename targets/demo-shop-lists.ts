/**
 * One department of the demo shop, found by following its listing pages, without a line of code that runs in the
 * browser: a page's label says what is read on it. `fields` reads it in one round trip.
 */
import { defineTarget } from 'thresh';
import { z } from 'zod';

const shop = process.env.THRESH_DEMO_URL ?? 'http://127.0.0.1:4000';

export default defineTarget({
  name: 'demo-shop-lists',
  schema: z.object({
    sku: z.string().min(1),
    title: z.string(),
    price: z.number().positive(),
    currency: z.enum(['EUR', 'USD', 'GBP']),
    category: z.string(),
    stock: z.number().int().nonnegative(),
    rating: z.number().min(1).max(5).optional(),
    tags: z.array(z.string()),
    material: z.string(),
    listedAt: z.date().optional(),
  }),
  key: ['sku'],
  discover: [{ url: `${shop}/c/toys`, label: 'list' }],
  ready: { list: '.list', detail: '[data-sku]' },
  gone: '[data-testid="not-found"]',
  fields: {
    list: {
      fields: {},
      follow: [
        { select: '.card a', label: 'detail' },
        { select: 'a[rel="next"]', label: 'list' },
      ],
    },
    detail: {
      rows: 'article.product',
      fields: {
        sku: '@data-sku',
        title: '.title',
        price: { select: '.price', as: 'number' },
        currency: '.price@data-currency',
        category: '.category',
        stock: { select: '.stock@data-stock', as: 'number' },
        rating: { select: '.rating@data-rating', as: 'number' },
        tags: { select: '.tag', all: true },
        material: '[data-spec="material"] .value',
        listedAt: { select: 'time', as: 'date' },
      },
    },
  },
});
