/**
 * Keeps what nobody reads from being loaded, without `page.route`: that sends every request through Node and turns
 * the HTTP cache off. Names that tell their type are refused inside the browser (`Network.setBlockedURLs`); what is
 * left of a blocked type is caught by its type alone (`Fetch` with a pattern for each), so that nothing else is held up.
 */
import type { CDPSession } from 'playwright';
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

/** Applies to the session's page for as long as it lives; its network events have to be enabled. */
export async function blockOn(session: CDPSession, spec: BlockSpec): Promise<void> {
  const names = spec.types.flatMap((type) => EXTENSIONS[type] ?? []);
  const urls = [...spec.urls, ...names.flatMap((name) => [`*.${name}`, `*.${name}?*`])];
  await session.send('Network.setBlockedURLs', { urls });
  const patterns = spec.types.flatMap((type) => {
    const resourceType = PROTOCOL[type];
    return resourceType === undefined
      ? []
      : [{ urlPattern: '*', resourceType: resourceType as 'Image', requestStage: 'Request' as const }];
  });
  if (patterns.length > 0) {
    session.on('Fetch.requestPaused', ({ requestId }) => {
      session.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' }).catch(() => undefined); // page gone
    });
    await session.send('Fetch.enable', { patterns });
  }
}
