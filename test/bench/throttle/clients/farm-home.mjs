// @ts-check
/** A home of its own for a farm under the benchmark, and the target that it fetches. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export function makeHome() {
  return mkdtemp(path.join(os.tmpdir(), 'thresh-bench-'));
}

/**
 * Named `knee`. `plain`: its document says it all, and no browser is needed to read it.
 * @param {string} home
 * @param {{ url: string, pages: number, maxConcurrency: number, plain: boolean }} site
 * @returns {Promise<string>} its file
 */
export async function writeTarget(home, { url, pages, maxConcurrency, plain }) {
  const file = path.join(home, 'targets', 'knee.ts');
  await mkdir(path.dirname(file), { recursive: true });
  const read = plain
    ? `ready: () => true,
  async extract({ page }) {
    return { sku: /data-sku="([^"]+)"/.exec(await page.content())?.[1] };
  },`
    : `ready: '[data-sku]',
  fields: { fields: { sku: '@data-sku' }, rows: '[data-sku]' },`;
  await writeFile(
    file,
    `import { z } from 'zod';
import { defineTarget } from 'thresh';
export default defineTarget({
  name: 'knee',
  schema: z.object({ sku: z.string() }),
  key: ['sku'],
  discover: Array.from({ length: ${pages} }, (_, at) => '${url}/page/' + (at + 1)),
  ${read}
  throttle: { maxConcurrency: ${maxConcurrency} },
});
`,
  );
  return file;
}
