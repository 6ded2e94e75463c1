import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadChecked } from '../../src/batch/context.js';
import { init } from '../../src/cli/init.js';
import { readSettings } from '../../src/settings.js';
import { startShop } from '../shop/server.mjs';
import { type Ended, type Lab, openLab } from '../support/lab.js';
import { casesOf, isLong, longOnly, longTest } from '../support/long.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

/** So many that one of the pages that a target is tried on has no rating, and none of those that were looked at. */
const PRODUCTS = 568;
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;
let site: SmallServer;

const products = [0, 1, 2, 3, 4, 5].map((at) => ({
  at,
  sku: `00${at}-X`,
  name: `Lamp "No. ${at}" <b>`,
  price: `${at + 10}.50`,
  rated: at % 2 === 0,
}));

const pages: Record<string, () => string> = {
  '/sitemap.xml': () =>
    `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${[...products.map(({ at }) => `/ld/${at}`), '/about'].map((to) => `<url><loc>${site.url}${to}</loc></url>`).join('')}</urlset>`,
  '/robots.txt': () => 'User-agent: *\nDisallow: /forbidden/\n',
  '/items': () =>
    document(
      products
        .map(
          ({ at, sku, name, price, rated }) => `
          <li itemscope itemtype="https://schema.org/Product" class="css-1x${at}z">
            <a itemprop="url" href="/ld/${at}"><img itemprop="image" src="/i/${at}.png"></a>
            <div itemprop="brand" itemscope itemtype="https://schema.org/Brand"><span itemprop="name">Glow</span></div>
            <h3 itemprop="name">${text(name)}</h3>
            <meta itemprop="sku" content="${sku}">
            <p itemprop="offers" itemscope itemtype="https://schema.org/Offer">
              <span itemprop="price" content="${price}">${price} EUR</span><meta itemprop="priceCurrency" content="EUR"></p>
            ${rated ? '<p itemprop="aggregateRating" itemscope itemtype="https://schema.org/AggregateRating">★ <span itemprop="ratingValue">4.5</span></p>' : ''}
          </li>`,
        )
        .join(''),
    ),
  '/cards': () =>
    document(
      `<h1>Lamps</h1><div class="flex w-1/2 css-9a8b7c">${products
        .map(
          ({ at, name, price, rated }) => `
        <div class="sc-bdVaJa hKpQzR mt-4"><a href="/ld/${at}" class="css-1q2w3e"><h3 class="css-777aaa">${text(name)}</h3></a>
          <span class="kKtQzq">€${price}</span>${rated ? '<em class="badge">new</em>' : ''}</div>`,
        )
        .join('')}</div><a rel="next" href="/cards?page=2">more</a>`,
    ),
  '/table': () =>
    document(
      `<h1>Prices</h1><table><thead><tr><th>Code</th><th>Unit price</th><th>In stock</th></tr></thead><tbody>${products
        .map(({ at, price }) => `<tr><td>C-${at}</td><td>${price}</td><td>${at * 3}</td></tr>`)
        .join('')}</tbody></table>`,
    ),
  '/lamp/one': () =>
    document(`<div id="product-12" class="product type-product instock"><div class="summary"><h1 class="product_title">Lamp One</h1>
      <p class="price"><span class="woocommerce-Price-amount amount">€19.90</span></p><p class="meta">SKU: <span class="sku">L-1</span></p>
      <p class="description">It lights the room.</p></div>
      <section class="related products"><ul>${products.map(({ at, name, price }) => `<li class="product"><a href="/lamp/${at}"><img src="/i/${at}.png"><h2 class="title">${text(name)}</h2></a><span class="price">€${price}</span></li>`).join('')}</ul></section></div>`),
  '/article': () =>
    `<!doctype html><title>News</title><link rel="canonical" href="/article"><meta property="og:title" content="What happened">
     <meta property="og:type" content="article"><meta property="og:image" content="/i/1.png"><meta property="article:published_time" content="2026-01-31T10:00:00Z">
     <meta name="author" content="Ann"><p>Words.</p>`,
  '/hostile': () => {
    const nasty = `'],x:[process.exit(7)]}//*/\u2028\${process.exit(7)}\``;
    const attribute = nasty.replaceAll('"', '&quot;');
    return document(
      `<h1>${nasty}</h1><div id="grid">${products
        .map(
          ({
            at,
          }) => `<div class="card ${attribute}" data-sku="${at}${attribute}" data-${'x'.repeat(3)}="${attribute}">
             <a href="/hostile?${encodeURIComponent(nasty)}&n=${at}">${text(nasty)} ${at} \u001b[31mred</a>
             <span class="price" data-testid="${attribute}">${at}.00 €</span></div>`,
        )
        .join('')}</div>
       <script>history.replaceState(null, '', location.pathname + '?' + ${JSON.stringify(encodeURIComponent(nasty))});</script>`,
    );
  },
  '/poisoned': () =>
    `${pages['/cards']?.()}<script>Array.prototype.map = () => { throw new Error('no map'); }; Object.prototype.toJSON = () => 'owned';
      String.prototype.replace = () => 'owned'; Element.prototype.getAttribute = () => 'owned'; document.querySelectorAll = () => [];</script>`,
  '/clobbered': () =>
    `${pages['/cards']?.()}<form name="querySelectorAll"><input name="attributes"><input name="children"></form><img name="querySelector">`,
  /** Of a kind that the sitemap does not name. */
  '/alone': () => products.slice(0, 1).map(productPage).join(''),
  '/empty': () => document('<p>Nothing here.</p>'),
  '/forbidden/x': () => document('<h1>Not for you</h1>'),
};

function productPage({ at, sku, name, price, rated }: (typeof products)[number]): string {
  const data = {
    '@context': 'https://schema.org',
    '@graph': [
      { '@type': 'Organization', name: 'Shop' },
      {
        '@type': 'Product',
        name,
        sku,
        image: [`${site.url}/i/${at}.png`],
        ...(at === 3 ? {} : { brand: { '@type': 'Brand', name: 'Glow' } }),
        offers: [{ '@type': 'Offer', price, priceCurrency: 'EUR' }],
        ...(rated ? { aggregateRating: { ratingValue: 4.5, reviewCount: at + 1 } } : {}),
        releaseDate: '2026-01-31',
      },
    ],
  };
  return `<!doctype html><title>x</title><script type="application/ld+json">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script><h1>${text(name)}</h1>`;
}

function document(body: string): string {
  return `<!doctype html><html lang="en"><title>Page</title><nav><a href="/a">a</a><a href="/b">b</a><a href="/c">c</a></nav><main>${body}</main></html>`;
}

function text(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
  lab = await openLab();
  site = await startSmallServer(({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://x');
    const product = products[Number(/^\/ld\/(\d)$/.exec(pathname)?.[1] ?? -1)];
    const body = product === undefined ? pages[pathname]?.() : productPage(product);
    const type = pathname.endsWith('.xml')
      ? 'application/xml'
      : pathname.endsWith('.txt')
        ? 'text/plain'
        : 'text/html';
    response
      .writeHead(body === undefined ? 404 : 200, { 'content-type': `${type}; charset=utf-8` })
      .end(body);
  });
});

afterAll(async () => {
  await shop?.stop();
  await site?.stop();
  await lab?.close();
});

/** As the command does it, in this process. */
async function initHere(name: string, url: string): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const heard = (['stdout', 'stderr'] as const).map((to) =>
    vi.spyOn(process[to], 'write').mockImplementation((text) => {
      said[to] += String(text);
      return true;
    }),
  );
  const { home, out, dir } = lab;
  const settings = readSettings(
    { ...process.env, THRESH_HOME: home, THRESH_OUT: out },
    { targets: path.join(dir, 'targets') },
  );
  try {
    return { code: await init(name, url, {}, settings), ...said };
  } finally {
    for (const one of heard) one.mockRestore();
  }
}

const byCommand = (name: string, url: string): Promise<Ended> => lab.thresh(['init', name, url]);

/** Each start of the command takes longer than what it does here. */
async function made(name: string, url: string, by = isLong ? byCommand : initHere) {
  const ended = await by(name, url);
  const file = path.join(lab.dir, 'targets', `${name}.ts`);
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stdout).toBe(`${file}\n`);
  expect(ended.stderr).not.toContain('\u001b');
  const { definition } = await loadChecked(file);
  return { ...ended, source: await readFile(file, 'utf8'), definition };
}

async function ran(name: string) {
  const { code, stdout, stderr } = await lab.thresh(['run', name, '--limit', '3', '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).rows as { read: number; delivered: number; quarantined: number };
}

const typesOf = (definition: { schema: { shape: Record<string, unknown> } }): Record<string, string> =>
  Object.fromEntries(
    Object.entries(definition.schema.shape).map(([name, type]) => {
      const { def } = type as { def: { type: string; innerType?: { def: { type: string } } } };
      return [name, def.type === 'optional' ? `${def.innerType?.def.type}?` : def.type];
    }),
  );

describe('the demo shop', () => {
  test('a product page: one row a page, its pages by the sitemap', async () => {
    const { stderr, source, definition } = await made(
      'shop-product',
      shop.url + shop.catalogue.pathOf(1),
      byCommand,
    );
    expect(definition.key).toEqual(['sku']);
    expect(definition.ready).toBeUndefined();
    expect(Object.keys(definition.data ?? {})).toEqual(['product', 'more']); // what the page asks for has all of it
    expect(source).toMatch(/\/\/ `thresh check shop-product` says what `lane: 'auto'` gains/);
    expect(source).toMatch(
      /discover: sitemap\('http:\/\/127\.0\.0\.1:\d+\/sitemap\.xml', \{\s+include: \/.*\\\/p\\\//,
    );
    const types = typesOf(definition);
    expect(types).toMatchObject({
      sku: 'string',
      title: 'string',
      category: 'string',
      description: 'string',
    });
    expect(types.stock).toMatch(/^number/);
    expect([types.price, types.currency]).toEqual(['number?', 'string']); // no price on the page that was given
    expect(types.tags).toBe('array');
    expect(types.material).toBe('string');
    expect([types.widthMm, types.image, types.listedAt]).toEqual(['number', 'string', 'date']);
    expect(stderr).toMatch(new RegExp(`sitemap +http.*${PRODUCTS} pages like /p/…`));
    expect(stderr).toMatch(/data +GET http.*\/api\/products\//);
    expect(stderr).toMatch(/│ sku +│ data +│ string +│ TH-/);
    expect(stderr).toMatch(
      /3 rows valid, 0 refused, on 3 pages\nmissing on some of them, so made optional: rating\n/,
    );
    expect(types.rating).toBe('number?');
    expect(source).toMatch(/^\/\/ GET http.*\/api\/products\//m);
    expect(await ran('shop-product')).toMatchObject({ read: 3, delivered: 3 });
  });
});

longOnly('more of the demo shop', () => {
  test('a list page: a row a card', async () => {
    const { stderr, definition } = await made('shop-list', `${shop.url}/c/toys`);
    expect(definition.fields).toMatchObject({
      rows: '[data-sku]',
      follow: [{ select: 'a[rel~="next"]' }],
    });
    expect(definition.key).toEqual(['slug']); // some cards share a sku
    expect(Object.keys(typesOf(definition))).toEqual(
      expect.arrayContaining(['sku', 'title', 'price', 'currency', 'rating', 'url']),
    );
    expect(stderr).toMatch(/chosen: 24 rows a page, from repeated elements; key slug/);
    expect(stderr).toMatch(/24 valid, 0 refused.*\/c\/toys/);
    const rows = await ran('shop-list');
    expect(rows.read).toBe(72);
    expect(rows.quarantined).toBe(0);
  });

  test('its sitemap: the pages that it has most of', async () => {
    const { definition } = await made('shop-map', `${shop.url}/sitemap.xml`);
    expect(definition.key).toEqual(['sku']);
    expect(definition.discover).toMatchObject({ kind: 'sitemap', urls: [`${shop.url}/sitemap.xml`] });
  });
});

describe('other pages', () => {
  test('JSON-LD', async () => {
    const { stderr, definition } = await made('alone', `${site.url}/alone`);
    expect(stderr).toMatch(/JSON-LD +1 × Product, \d+ fields/);
    expect(stderr).toMatch(/1 rows? valid, 0 refused/);
    expect(definition.key).toEqual(['sku']);
    expect(typesOf(definition)).toMatchObject({ name: 'string', price: 'number', releaseDate: 'date' });
  });

  longTest(
    'JSON-LD of three pages: types, what may be missing, and the same values as its helpers read',
    async () => {
      const { stderr, definition } = await made('ld', `${site.url}/ld/0`);
      expect(stderr).toMatch(/JSON-LD +1 × Product, \d+ fields/);
      expect(stderr).toMatch(
        /3 rows valid, 0 refused, on 3 pages\nmissing on some of them, so made optional: brand\n/,
      );
      expect(typesOf(definition)).toEqual({
        name: 'string',
        sku: 'string',
        image: 'string',
        brand: 'string?',
        price: 'number',
        currency: 'string',
        rating: 'number?',
        reviewCount: 'number?',
        releaseDate: 'date',
      });
      expect(definition.key).toEqual(['sku']);
      expect(await ran('ld')).toMatchObject({ read: 3, delivered: 3 });
      const [row] = await lab.query('ld', today(), 'select sku, name, price from FILES order by sku limit 1');
      expect(row).toEqual({ sku: '000-X', name: 'Lamp "No. 0" <b>', price: 10.5 });
    },
  );

  test('a page that means harm is data like any other', async () => {
    const { definition, source } = await made('hostile', `${site.url}/hostile`);
    expect(source).not.toMatch(/[\u2028\u001b]/);
    expect(definition.fields).toMatchObject({ rows: '[data-sku]' });
    if (isLong) expect(await ran('hostile')).toMatchObject({ delivered: 6, quarantined: 0 });
  });
});

longOnly('more of other pages', () => {
  test('microdata: each item a row, its own name and not that of its brand', async () => {
    const { definition } = await made('micro', `${site.url}/items`);
    expect(typesOf(definition)).toMatchObject({
      name: 'string',
      sku: 'string',
      price: 'number',
      priceCurrency: 'string',
      ratingValue: 'number?',
      url: 'string',
    });
    expect(definition.key).toEqual(['sku']);
    expect(await ran('micro')).toMatchObject({ read: 6, delivered: 6 });
    const names = await lab.query('micro', today(), 'select name from FILES order by sku');
    expect(names[1]).toEqual({ name: 'Lamp "No. 1" <b>' });
  });

  test('cards with classes that a tool made: none of them is named', async () => {
    const { definition, source } = await made('cards', `${site.url}/cards`);
    expect(source).not.toMatch(/css-|bdVaJa|hKpQzR|kKtQzq|mt-4|w-1/);
    expect(typesOf(definition)).toMatchObject({ url: 'string', title: 'string', price: 'number' });
    expect(definition.key).toEqual(['url']);
    // The next page is the same once more, and leads to itself.
    expect(await ran('cards')).toMatchObject({ read: 12, delivered: 6, quarantined: 0 });
  });

  test('a table: columns by its heads', async () => {
    const { definition } = await made('table', `${site.url}/table`);
    expect(typesOf(definition)).toEqual({ code: 'string', unitPrice: 'number', inStock: 'number' });
    expect(definition.key).toEqual(['code']);
    expect(await ran('table')).toMatchObject({ read: 6, delivered: 6 });
  });

  test('one thing, and others that go well with it: one row, and pages that are gone say nothing', async () => {
    const { definition, stderr } = await made('lamp', `${site.url}/lamp/one`);
    expect(typesOf(definition)).toEqual({
      title: 'string',
      priceAmount: 'number',
      sku: 'string',
      description: 'string',
    });
    expect(definition.key).toEqual(['sku']);
    expect(stderr).not.toContain('made optional');
  });

  test('nothing but meta elements', async () => {
    const { definition } = await made('article', `${site.url}/article`);
    expect(typesOf(definition)).toMatchObject({
      url: 'string',
      title: 'string',
      publishedTime: 'date',
      author: 'string',
    });
    expect(definition.key).toEqual(['url']);
    expect(await ran('article')).toMatchObject({ read: 1, delivered: 1 });
  });

  test('what a page does to its own scripts does not reach the look', async () => {
    const { definition } = await made('poisoned', `${site.url}/poisoned`);
    expect(typesOf(definition)).toMatchObject({ url: 'string', title: 'string', price: 'number' });
  });

  test('what a page does to its document is survived', async () => {
    const { definition } = await made('clobbered', `${site.url}/clobbered`);
    expect(definition.name).toBe('clobbered');
  });
});

describe('a page that cannot be looked at leaves a template and says why', () => {
  const isTemplate = (source: string): boolean => source.includes("document.querySelector('h1')");

  const unseen: [string, () => string, RegExp][] = [
    ['forbidden', () => `${site.url}/forbidden/x`, /nothing could be proposed: robots\.txt forbids /],
    ['nobody', () => 'http://127.0.0.1:9/', /nothing could be proposed: /],
    ['gone', () => `${site.url}/no-such-page`, /nothing could be proposed: .* does not exist/],
    ['empty', () => `${site.url}/empty`, /nothing could be proposed: nothing on .* looks like rows/],
    ['no-map', () => `${site.url}/no/sitemap.xml`, /nothing could be proposed: .*404/],
    ['blocked', () => `${shop.url}/blocked/403`, /nothing could be proposed: .*refuses us/],
    ['challenged', () => `${shop.url}/blocked/200`, /nothing could be proposed: .*refuses us/],
  ];
  test.each(casesOf(unseen, 1))('%s', async (name, url, why) => {
    const { stderr, source } = await made(name, url());
    expect(stderr).toMatch(why);
    expect(stderr).toMatch(/now: 1\. say in it what a row is/);
    expect(isTemplate(source)).toBe(true);
  });
});

longOnly('it ends', () => {
  test('without a browser', async () => {
    const { code, stderr } = await lab.thresh(['init', 'no-browser', site.url], {
      CHROMIUM_PATH: '/no/such/chromium',
    });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/nothing could be proposed: .*chromium/i)]);
  });

  test('Ctrl-C while it looks leaves no file', async () => {
    const running = lab.start(['init', 'stopped', `${shop.url}/hostile/loop`]);
    await running.says(/opening /);
    await expect.poll(() => shop.accessLog().some(({ url }) => url === '/hostile/loop')).toBe(true);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(existsSync(path.join(lab.dir, 'targets', 'stopped.ts'))).toBe(false);
  });

  test('a page that never ends is given up', async () => {
    const { stderr } = await made('endless', `${shop.url}/hostile/loop`);
    expect(stderr).toMatch(/nothing could be proposed: /);
  });
});

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
