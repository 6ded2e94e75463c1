/** A target to be filled in, for a page that nobody has looked at. */
import { quote } from './literals.js';

export function template(name: string, url: URL): string {
  const isSitemap = isSitemapUrl(url);
  const discover = isSitemap
    ? `// Only the pages that hold a row; \`include\` is a RegExp on the URL, e.g. /\\/product\\//.\n  discover: sitemap(${quote(url.href)}),`
    : `// A list of URLs; sitemap('https://…/sitemap.xml', { include: /\\/product\\// }) reads a whole catalogue.\n  discover: [${quote(url.href)}],`;
  return `import { defineTarget${isSitemap ? ', sitemap' : ''} } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: ${quote(name)},
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

/** By its name: a sitemap, not a page. */
export function isSitemapUrl({ pathname }: URL): boolean {
  return /\.xml(\.gz)?$/.test(pathname);
}
