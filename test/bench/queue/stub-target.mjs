// @ts-check
/** The target whose pages the stubbed pool shows, written into a home of its own. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

export const TARGET = 'stub';

/**
 * @param {string} home
 * @param {{ pages: number, maxConcurrency: number, more?: string }} site `more`: further options, as they are written
 * @returns {Promise<string>} its file
 */
export async function writeStubTarget(home, { pages, maxConcurrency, more = '' }) {
  const file = path.join(home, 'targets', `${TARGET}.ts`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(
    file,
    `import { z } from 'zod';
import { defineTarget } from 'thresh';
export default defineTarget({
  name: '${TARGET}',
  schema: z.object({ sku: z.string() }),
  key: ['sku'],
  async *discover() {
    for (let at = 0; at < ${pages}; at += 1) yield 'http://127.0.0.1:9/p/' + at;
  },
  allowHosts: ['127.0.0.1:9'],
  robots: 'ignore',
  ready: () => true,
  async extract({ page }) {
    return { sku: /data-sku="([^"]+)"/.exec(await page.content())?.[1] };
  },
  throttle: { maxConcurrency: ${maxConcurrency} },${more}
});
`,
  );
  return file;
}
