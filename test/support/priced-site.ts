/** Small pages, `/p/0` and so on, that ask two other hosts: one has the price, the other counts visitors. */
import { type SmallServer, startSmallServer } from './small-server.js';

export interface PricedSite {
  /** Without a slash at the end. */
  url: string;
  prices: { host: string; asked: string[] };
  counter: { host: string; asked: string[] };
  /** Paths that the site itself was asked for. */
  asked: string[];
  settings: PricedSettings;
  stop(): Promise<void>;
}

export interface PricedSettings {
  /** From this page on the counter has the price: what stands there without it is wrong. */
  countsPriceFrom: number;
  /** Each page is another one each time. */
  restless: boolean;
  /** Every page has a link. */
  leads: boolean;
  /** Who did not ask the counter sees no page. */
  guarded: boolean;
}

export const PLAIN: Readonly<PricedSettings> = {
  countsPriceFrom: Number.POSITIVE_INFINITY,
  restless: false,
  leads: false,
  guarded: false,
};

/** @param pages in its sitemap */
export async function startPricedSite(pages: number): Promise<PricedSite> {
  const settings = { ...PLAIN };
  let shown = 0;
  const script = (write: (number: number) => string) =>
    startSmallServer(({ url = '' }, response) => {
      const number = Number(new URL(url, 'http://x').searchParams.get('of'));
      response.setHeader('content-type', 'text/javascript').end(write(number));
    });
  const prices = await script((number) => `document.body.dataset.price = '${number}.00';`);
  const counter = await script((number) => {
    const price = number >= settings.countsPriceFrom ? `document.body.dataset.price = '${number}.50';` : '';
    return `${price} document.body.dataset.counted = 'yes';`;
  });
  const site = await startSmallServer(({ url = '' }, response) => {
    if (url === '/sitemap.xml') response.end(sitemapOf(pages, site.url));
    else if (!url.startsWith('/p/')) response.writeHead(404).end();
    else {
      shown += 1;
      response.setHeader('content-type', 'text/html').end(pageOf(Number(url.slice(3))));
    }
  });

  function pageOf(number: number): string {
    const article = `<article data-id="${number}"><span>${settings.restless ? shown : 'words'}</span></article>`;
    return `<!doctype html><body>${settings.leads ? '<a href="/p/1">next</a>' : ''}
      <script src="http://${hostOf(prices)}/price.js?of=${number}"></script>
      <script src="http://${hostOf(counter)}/count.js?of=${number}"></script>
      <script>
        const { price, counted } = document.body.dataset;
        if (${settings.guarded} && counted === undefined)
          document.body.insertAdjacentHTML('beforeend', '<p class="refused">no</p>');
        else {
          document.body.insertAdjacentHTML('beforeend', '${article}');
          document.querySelector('article').dataset.price = price ?? '0.00';
        }
      </script>`;
  }

  return {
    url: site.url,
    prices: { host: hostOf(prices), asked: prices.asked },
    counter: { host: hostOf(counter), asked: counter.asked },
    asked: site.asked,
    settings,
    stop: async () => void (await Promise.all([site.stop(), prices.stop(), counter.stop()])),
  };
}

/** Another site than the address's. */
function hostOf({ url }: SmallServer): string {
  return new URL(url).host.replace('127.0.0.1', 'localhost');
}

function sitemapOf(pages: number, url: string): string {
  const locations = Array.from({ length: pages }, (_, page) => `<url><loc>${url}/p/${page}</loc></url>`);
  return `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${locations.join('')}</urlset>`;
}
