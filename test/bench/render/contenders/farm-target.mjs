// @ts-check
/**
 * The target that the farm is given: the same pages and rows as everybody's, and told as everybody is what need not be loaded,
 * or left to find that out; all else at its default.
 */
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
 * @param {Pick<import('./task.mjs').Task, 'url' | 'others' | 'kind' | 'lane' | 'pages' | 'temp'>} task
 * @param {{ learnsBlock: boolean }} how
 * @returns {Promise<string>} its file
 */
export async function writeFarmTarget({ url, others, kind, lane, pages, temp }, { learnsBlock }) {
  const block = learnsBlock ? 'auto' : { types: ['image', 'font', 'media'], urls: [others] };
  const file = path.join(temp, 'targets', `bench-${kind}.ts`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(
    file,
    `import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'bench-${kind}',${READ[kind]}
  block: ${JSON.stringify(block)},
  discover: ${JSON.stringify(pages.map(({ path: at }) => url + at))},${lane === 'soft' ? "\n  navigate: 'soft'," : ''}
});
`,
  );
  return file;
}
