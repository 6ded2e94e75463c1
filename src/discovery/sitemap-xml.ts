/** The XML of one sitemap or index, read as it arrives. Knows no network; what it refuses, it refuses with a SitemapFault. */
import { SaxesParser } from 'saxes';
import { SitemapFault } from './sitemap-fault.js';

export interface SitemapEntry {
  url: string;
  lastmod: string | undefined;
}

export interface Found extends SitemapEntry {
  /** The entry is another sitemap, not a page. */
  isIndex: boolean;
}

export interface SitemapXml {
  /** The entries that end within this text. Throws SitemapFault, or saxes' error for what is not XML. */
  write(text: string): Found[];
  /** Throws when the document is not at its end. */
  close(): Found[];
}

/** `base` is the sitemap's own URL, for relative ones. */
export function createSitemapXml(base: string): SitemapXml {
  const parser = new SaxesParser({ xmlns: false });
  let found: Found[] = [];
  let root: string | undefined;
  let field: 'loc' | 'lastmod' | undefined;
  let loc = '';
  let lastmod = '';

  parser.on('opentag', ({ name }) => {
    const tag = localName(name);
    if (root === undefined) {
      root = tag;
      requireSitemap(root);
    }
    field = name === 'loc' || name === 'lastmod' ? name : undefined;
    if (isEntry(tag)) {
      loc = '';
      lastmod = '';
    }
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', ({ name }) => {
    field = undefined;
    const tag = localName(name);
    const text = loc.trim();
    if (!isEntry(tag) || !URL.canParse(text, base)) return;
    const url = new URL(text, base).href;
    found.push({ url, lastmod: lastmod.trim() || undefined, isIndex: tag === 'sitemap' });
  });
  parser.on('error', (error) => {
    throw error;
  });

  function addText(text: string): void {
    if (field === 'loc') loc += text;
    else if (field === 'lastmod') lastmod += text;
  }

  function taken(): Found[] {
    const entries = found;
    found = [];
    return entries;
  }

  return {
    write(text) {
      // Before the parser sees it: HTML is seldom XML, and the parser's complaint would say nothing of the cause.
      if (root === undefined && /^\s*<(!doctype\s+html|html)\b/i.test(text)) requireSitemap('html');
      parser.write(text);
      return taken();
    },
    close() {
      if (root === undefined) throw new SitemapFault('the answer is empty', 'check the URL');
      parser.close();
      return taken();
    },
  };
}

function requireSitemap(root: string): void {
  if (root === 'urlset' || root === 'sitemapindex') return;
  throw new SitemapFault(
    root === 'html'
      ? 'this is an HTML page, not a sitemap'
      : `the root element is <${root.slice(0, 40)}>, not a sitemap's`,
    'give the URL of the sitemap itself; robots.txt may name it',
  );
}

function isEntry(tag: string): boolean {
  return tag === 'url' || tag === 'sitemap';
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1).toLowerCase();
}
