// @ts-check
/** How the hand-written loops start Chromium and what they keep from loading by its name: as the farm does by default. */

/** Images, fonts and media by their names. */
export const BLOCKED_URLS = [
  ...['png', 'jpg', 'jpeg', 'gif', 'webp', 'avif', 'svg', 'ico'],
  ...['woff', 'woff2', 'ttf', 'otf'],
  ...['mp4', 'webm', 'mp3', 'ogg', 'wav', 'm3u8'],
].flatMap((ending) => [`*.${ending}`, `*.${ending}?*`]);

/** Nothing of the answers is kept for the DevTools. */
export const NETWORK_BUFFERS = { maxTotalBufferSize: 0, maxResourceBufferSize: 0, maxPostDataSize: 0 };

export const QUIET_FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--renderer-process-limit=10000',
];

/** Chromium refuses to run as root with its sandbox. */
export const SANDBOX_FLAGS = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
