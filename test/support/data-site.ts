/** Small pages, `/p/0` and so on, whose script asks for `/api/items/N` and shows it: cheap to render, and cheaper to fetch. */
import type { IncomingMessage } from 'node:http';
import type { Lab } from './lab.js';
import { type SmallServer, startSmallServer } from './small-server.js';

export interface DataSite {
  /** Without a slash at the end. */
  url: string;
  /** How often the document of each page was asked for. */
  documents: Map<number, number>;
  /** Requests for answers that came without a browser, in order. */
  fetches: { page: number; atMs: number; status: number }[];
  /** Those that came from one. */
  browserRequests: number;
  settings: DataSettings;
  stop(): Promise<void>;
}

export interface DataSettings {
  robots: string;
  /** Who asks without a browser is refused until then, epoch ms, and asked to wait for `retryAfterS`. */
  refusesUntilMs: number;
  retryAfterS: number;
  /** From so many such requests on they are told another price. */
  liesFrom: number;
  /** Of each answer. */
  latencyMs: number;
  /** The price stands in `offer`. */
  nested: boolean;
  /** What an answer wants to be shown; `/api/token` gives it to whoever asks. */
  token: string | undefined;
}

/** @param pages in its sitemap */
export async function startDataSite(pages: number): Promise<DataSite> {
  const settings: DataSettings = {
    robots: '',
    refusesUntilMs: 0,
    retryAfterS: 1,
    liesFrom: Number.POSITIVE_INFINITY,
    latencyMs: 0,
    nested: false,
    token: undefined,
  };
  const documents: DataSite['documents'] = new Map();
  const fetches: DataSite['fetches'] = [];
  let browserRequests = 0;

  const server = await startSmallServer((request, response) => {
    const { url = '' } = request;
    const page = Number(url.slice(url.lastIndexOf('/') + 1));
    if (url === '/sitemap.xml') response.end(sitemapOf(pages, server));
    else if (url === '/robots.txt') response.end(settings.robots);
    else if (url.startsWith('/api/items/')) setTimeout(() => answer(request, page), settings.latencyMs);
    else if (url === '/api/token') response.end(JSON.stringify({ token: settings.token }));
    else if (url.startsWith('/p/')) {
      documents.set(page, (documents.get(page) ?? 0) + 1);
      response.setHeader('content-type', 'text/html').end(SHELL);
    } else response.writeHead(404).end();

    function answer(asked: IncomingMessage, item: number): void {
      const isFetch = !isFromBrowser(asked);
      const isStranger = settings.token !== undefined && asked.headers['x-token'] !== settings.token;
      const status = isFetch && Date.now() < settings.refusesUntilMs ? 429 : isStranger ? 401 : 200;
      if (isFetch) fetches.push({ page: item, atMs: Date.now(), status });
      else browserRequests += 1;
      const isLie = isFetch && fetches.length >= settings.liesFrom;
      const headers = status === 429 ? { 'retry-after': String(settings.retryAfterS) } : {};
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      const { sku, price } = { ...itemAt(item), ...(isLie ? { price: 1 } : {}) };
      response.end(JSON.stringify(settings.nested ? { sku, offer: { price } } : { sku, price }));
    }
  });

  return {
    url: server.url,
    documents,
    fetches,
    get browserRequests() {
      return browserRequests;
    },
    settings,
    stop: () => server.stop(),
  };
}

export interface Item {
  sku: string;
  price: number;
}

/** The truth. */
export function itemAt(page: number): Item {
  return { sku: `item-${page}`, price: 10 + page };
}

/** Chromium takes zstd, and who fetches does not. */
function isFromBrowser({ headers }: IncomingMessage): boolean {
  return /zstd/.test(String(headers['accept-encoding']));
}

const SHELL = `<!doctype html><script>
  const show = (headers) => fetch(location.pathname.replace('/p/', '/api/items/'), { headers });
  const known = async () => {
    const { token } = await (await fetch('/api/token')).json();
    return show({ 'x-token': token });
  };
  show({})
    .then((answer) => (answer.status === 401 ? known() : answer))
    .then((answer) => answer.json())
    .then(({ sku }) => { document.body.textContent = sku; });
</script>`;

function sitemapOf(pages: number, { url }: SmallServer): string {
  const locations = Array.from({ length: pages }, (_, page) => `<url><loc>${url}/p/${page}</loc></url>`);
  return `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${locations.join('')}</urlset>`;
}

/** The file of a target in the data lane whose rows are the site's items, wherever their price stands. */
export function itemsTarget(lab: Lab, name: string, { url }: DataSite): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ sku: z.string(), price: z.number() }),
  key: ['sku'],
  discover: sitemap('${url}/sitemap.xml'),
  data: { item: /\\/api\\/items\\// },
  lane: 'auto',
  extract: ({ data: { item: { sku, price, offer } } }) => ({ sku, price: offer === undefined ? price : offer.price }),
});
`,
  );
}
