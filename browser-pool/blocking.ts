/**
 * Keeps what nobody reads from being loaded, without `page.route`: that sends every request through Node and turns
 * the HTTP cache off. Names that tell their type are refused inside the browser (`Network.setBlockedURLs`); what is
 * left of a blocked type is caught by its type alone (`Fetch` with a pattern for each). That makes every request of a page
 * go round by the browser's main process, a tenth of what a page costs: so it is begun where something of a blocked type
 * was asked for whose name does not tell, and holds for all later pages of that context.
 */
import type { BrowserContext, CDPSession } from 'playwright';
import type { BlockSpec } from './lease-spec.js';

const EXTENSIONS: Record<string, readonly string[]> = {
  image: ['png', 'jpg', 'jpeg', 'gif', 'webp', 'avif', 'svg', 'ico'],
  font: ['woff', 'woff2', 'ttf', 'otf'],
  media: ['mp4', 'webm', 'mp3', 'ogg', 'wav', 'm3u8'],
};

/** Names of the DevTools protocol for Playwright's resource types. */
const PROTOCOL: Record<string, string> = {
  image: 'Image',
  font: 'Font',
  stylesheet: 'Stylesheet',
  media: 'Media',
  script: 'Script',
  manifest: 'Manifest',
  other: 'Other',
  texttrack: 'TextTrack',
  eventsource: 'EventSource',
  websocket: 'WebSocket',
};

/** Contexts whose pages ask for blocked types under names that do not tell. */
const unnamed = new WeakSet<BrowserContext>();

/** Puts other URL patterns in the place of those that hold; types stay. */
export type BlockUrls = (urls: readonly string[]) => Promise<void>;

/** Applies to the session's page for as long as it lives; its network events have to be enabled. */
export async function blockOn(
  session: CDPSession,
  spec: BlockSpec,
  context: BrowserContext,
): Promise<BlockUrls> {
  const names = spec.types.flatMap((type) => EXTENSIONS[type] ?? []);
  const endings = names.flatMap((name) => [`*.${name}`, `*.${name}?*`]);
  const blockUrls: BlockUrls = async (urls) => {
    await session.send('Network.setBlockedURLs', { urls: [...urls, ...endings] });
  };
  await blockUrls(spec.urls);
  const types = new Set(spec.types.flatMap((type) => PROTOCOL[type] ?? []));
  if (types.size === 0) return blockUrls;

  const catchByType = () =>
    session.send('Fetch.enable', {
      patterns: [...types].map((type) => ({
        urlPattern: '*',
        resourceType: type as 'Image',
        requestStage: 'Request' as const,
      })),
    });
  session.on('Fetch.requestPaused', ({ requestId }) => {
    session.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' }).catch(() => undefined); // page gone
  });
  if (unnamed.has(context) || !spec.types.every((type) => type in EXTENSIONS)) {
    await catchByType();
    return blockUrls;
  }
  const named = new RegExp(`\\.(?:${names.join('|')})(?:\\?|$)|^(?:data|blob):`, 'i');
  let caught = false;
  session.on('Network.requestWillBeSent', ({ type, request }) => {
    if (caught || type === undefined || !types.has(type) || named.test(request.url)) return;
    caught = true;
    unnamed.add(context);
    catchByType().catch(() => undefined); // page gone
  });
  return blockUrls;
}
