/** `thresh init NAME URL`: a first target to be filled in. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ThreshError } from '../errors.js';
import type { Settings } from '../settings.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** Writes NAME.ts into the folder of targets; never over a file that is there. */
export async function init(name: string, url: string, settings: Settings): Promise<ExitCode> {
  if (!/^[a-z0-9-]{1,40}$/.test(name))
    throw wrong(`"${name}" is no name for a target`, 'use a-z, 0-9 and -, at most 40 characters');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw wrong(
      `${JSON.stringify(url)} is not an http(s) URL`,
      'give a page of the catalogue, or its sitemap',
    );
  const file = path.join(settings.targets, `${name}.ts`);
  await mkdir(settings.targets, { recursive: true });
  try {
    await writeFile(file, template(name, new URL(url)), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw wrong(`${file} is there already`, 'choose another name, or delete it first');
  }
  process.stdout.write(`${file}\n`);
  process.stderr.write(
    `now: 1. say in it what a row is and where it stands on the page
     2. thresh debug ${name} URL      one page, its rows and what the schema refuses
     3. thresh run ${name} --limit 20  a small batch
`,
  );
  return EXIT.ok;
}

function template(name: string, url: URL): string {
  const isSitemap = /\.xml(\.gz)?$/.test(url.pathname);
  const discover = isSitemap
    ? `// Only the pages that hold a row; \`include\` is a RegExp on the URL, e.g. /\\/product\\//.\n  discover: sitemap('${url.href}'),`
    : `// A list of URLs; sitemap('https://…/sitemap.xml', { include: /\\/product\\// }) reads a whole catalogue.\n  discover: ['${url.href}'],`;
  return `import { defineTarget${isSitemap ? ', sitemap' : ''} } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  // What is delivered. A row that does not fit is kept aside in quarantine, with the reason.
  schema: z.object({
    url: z.string(),
    title: z.string().min(1),
  }),
  // What makes two rows the same.
  key: ['url'],
  ${discover}
  // Shown when the page is rendered: the element that your data stands in.
  ready: 'h1',
  async extract({ page, request }) {
    const title = await page.evaluate(() => document.querySelector('h1')?.textContent?.trim());
    return { url: request.url, title };
  },
});
`;
}

function wrong(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
