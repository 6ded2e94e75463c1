/**
 * A catalogue of small pages, `/p/0` and so on, that stand in their documents: a tenth of what a page of the demo shop costs
 * to render. For what is not about applications.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { startSmallServer } from './small-server.js';

export interface LightShop {
  /** Without a slash at the end; the sitemap is at `/sitemap.xml`. */
  url: string;
  /** All that was asked, in order. */
  requests: string[];
  /** Paths of pages that were asked for, in order. */
  asked: string[];
  /** Of the answers to them, in order. */
  statuses: number[];
  settings: LightSettings;
  /** Products 0, `every`, … cost 1 more from now on; the sitemap says so when `at` is given. */
  reprice(change: { every: number; at?: string }): void;
  /** The truth. */
  product(number: number): Product;
  stop(): Promise<void>;
}

export interface LightSettings {
  products: number;
  /** Of each page. */
  latencyMs: number;
  /** More pages within a second are refused with 429, and asked to wait for a second. */
  perSecond: number;
  /** Further pages, by path: HTML of their body. Undefined: 404. */
  others: Record<string, { body: string | undefined; dated?: boolean; listed?: boolean }>;
}

export interface Product {
  slug: string;
  title: string;
  /** None where it stands as text. */
  price: number | undefined;
  tags: string[];
}

const LONG_AGO = '2020-01-01T00:00:00Z';

export async function startLightShop(given: Partial<LightSettings> = {}): Promise<LightShop> {
  const settings: LightSettings = {
    ...{ products: 24, latencyMs: 0, perSecond: Number.POSITIVE_INFINITY, others: {} },
    ...given,
  };
  const raised = new Map<number, number>();
  const modified = new Map<number, string>();
  const asked: string[] = [];
  const statuses: number[] = [];
  let recentMs: number[] = [];

  const product = (number: number): Product => ({
    slug: `thing-${String(number).padStart(3, '0')}`,
    title: `Thing No. ${number} & more`,
    price: number === REFUSED ? undefined : 10.5 + number + (raised.get(number) ?? 0),
    tags: number % 3 === 0 ? ['new', 'odd'] : [],
  });

  const server = await startSmallServer(async ({ url = '', headers }, response) => {
    if (url === '/sitemap.xml') {
      response.end(sitemap());
      return;
    }
    const body = bodyOf(url);
    if (body === undefined && settings.others[url] === undefined) {
      response.writeHead(404).end();
      return;
    }
    asked.push(url);
    const tag = `"${createHash('sha1')
      .update(body ?? '')
      .digest('hex')}"`;
    const status = isTooMuch()
      ? 429
      : body === undefined
        ? 404
        : headers['if-none-match'] === tag
          ? 304
          : 200;
    statuses.push(status);
    if (settings.latencyMs > 0) await delay(settings.latencyMs);
    response.writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      ...(status === 429 ? { 'retry-after': '1' } : { etag: tag }),
    });
    response.end(status === 200 ? `<!doctype html><title>x</title><main>${body}</main>` : '');
  });

  function isTooMuch(): boolean {
    const nowMs = Date.now();
    recentMs = recentMs.filter((ms) => nowMs - ms < 1_000);
    if (recentMs.length >= settings.perSecond) return true;
    recentMs.push(nowMs);
    return false;
  }

  function bodyOf(url: string): string | undefined {
    const number = Number(/^\/p\/thing-(\d{3})$/.exec(url)?.[1] ?? Number.NaN);
    return number < settings.products ? articleOf(product(number)) : settings.others[url]?.body;
  }

  function sitemap(): string {
    const products = Array.from({ length: settings.products }, (_, number) =>
      entry(`/p/${product(number).slug}`, modified.get(number) ?? LONG_AGO),
    );
    const others = Object.entries(settings.others).flatMap(([path, { dated = true, listed = true }]) =>
      listed ? [entry(path, dated ? LONG_AGO : undefined)] : [],
    );
    const xmlns = 'http://www.sitemaps.org/schemas/sitemap/0.9';
    return `<urlset xmlns="${xmlns}">${[...products, ...others].join('')}</urlset>`;
  }

  function entry(path: string, lastmod: string | undefined): string {
    const says = lastmod === undefined ? '' : `<lastmod>${lastmod}</lastmod>`;
    return `<url><loc>${server.url}${path}</loc>${says}</url>`;
  }

  return {
    url: server.url,
    requests: server.asked,
    asked,
    statuses,
    settings,
    reprice({ every, at }) {
      for (let number = 0; number < settings.products; number += every) {
        raised.set(number, (raised.get(number) ?? 0) + 1);
        if (at !== undefined) modified.set(number, at);
      }
    },
    product,
    stop: () => server.stop(),
  };
}

/** Its price stands in words. */
export const REFUSED = 5;

/** As HTML, and as the state that many applications leave in their documents. */
export function articleOf({ slug, title, price, tags }: Product): string {
  const data = { props: { pageProps: { product: { slug, title, price: price ?? 'ask us' } } } };
  return `<article class="product" data-sku="${slug}" data-slug="${slug}"><h1 class="title">${title.replaceAll('&', '&amp;')}</h1>
<b class="price">${price ?? 'ask us'}</b>${tags.map((tag) => `<i class="tag">${tag}</i>`).join('')}</article>
<script id="__NEXT_DATA__" type="application/json">${JSON.stringify(data)}</script>`;
}
