// @ts-check
/** The target that the farm is given: the same pages and rows as everybody's; all else at its default. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** @typedef {import('../course.mjs').Kind} Kind */

/** @type {Record<Kind, string>} */
const READ = {
  detail: `
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
  ready: 'article.product[data-sku]',
  fields: {
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
  },`,
  list: `
  schema: z.object({ slug: z.string(), sku: z.string(), title: z.string() }),
  key: ['slug'],
  ready: '.list',
  fields: {
    rows: '.card',
    fields: { slug: '@data-slug', sku: '@data-sku', title: '.title' },
  },`,
};

/**
 * @param {Pick<import('./task.mjs').Task, 'url' | 'kind' | 'lane' | 'pages' | 'temp'>} task
 * @returns {Promise<string>} its file
 */
export async function writeFarmTarget({ url, kind, lane, pages, temp }) {
  const file = path.join(temp, 'targets', `bench-${kind}.ts`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(
    file,
    `import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'bench-${kind}',${READ[kind]}
  block: 'auto',
  discover: ${JSON.stringify(pages.map(({ path: at }) => url + at))},${lane === 'soft' ? "\n  navigate: 'soft'," : ''}
});
`,
  );
  return file;
}
