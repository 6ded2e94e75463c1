// @ts-check
/** Runs the demo shop by itself: prints its URL, stops at SIGINT or SIGTERM. */
import { parseArgs } from 'node:util';
import { startShop } from './server.mjs';

const help = `Usage: node test/shop/main.mjs [options]

  --port N                 default 4000; 0: any free one
  --host HOST              default 127.0.0.1
  --third-party-port N     the analytics origin, default 0: any free one
  --access-log-file FILE   one JSON line a request
  --seed N                 default 1
  --products N             product pages, default 1200, at most 1000000
  --latency-ms N           of each answer, default 0
  --knee N                 requests in flight above which latency grows with their square
  --jitter F               latency varies by this fraction
  --error-rate F           fraction of answers that are 500
  --rate-per-second N      429 above this many requests a second
  --rate-in-flight N       429 above this many requests in flight
  --retry-after-s N        Retry-After of those 429s, default 1
  --crawl-delay S          in robots.txt
  --session-requests N     a login is good for so many answers
  --session-ms N           a login is good for so long
  --help

Everything else, and all of it while it runs: POST JSON to /_control (GET shows the settings); GET /_log counts.
`;

const options = /** @type {const} */ ({
  port: { type: 'string', default: '4000' },
  host: { type: 'string', default: '127.0.0.1' },
  'third-party-port': { type: 'string', default: '0' },
  'access-log-file': { type: 'string' },
  seed: { type: 'string' },
  products: { type: 'string' },
  'latency-ms': { type: 'string' },
  knee: { type: 'string' },
  jitter: { type: 'string' },
  'error-rate': { type: 'string' },
  'rate-per-second': { type: 'string' },
  'rate-in-flight': { type: 'string' },
  'retry-after-s': { type: 'string' },
  'crawl-delay': { type: 'string' },
  'session-requests': { type: 'string' },
  'session-ms': { type: 'string' },
  help: { type: 'boolean', default: false },
});

/** @param {ReturnType<typeof parse>} flags */
function settingsFrom(flags) {
  const one = (/** @type {string} */ name, /** @type {string | undefined} */ text) =>
    text === undefined ? {} : { [name]: Number(text) };
  const group = (/** @type {string} */ name, /** @type {object} */ fields) =>
    Object.keys(fields).length > 0 ? { [name]: fields } : {};
  return {
    ...one('seed', flags.seed),
    ...one('products', flags.products),
    ...one('latencyMs', flags['latency-ms']),
    ...group('latencyModel', one('knee', flags.knee)),
    ...one('jitter', flags.jitter),
    ...one('errorRate', flags['error-rate']),
    ...group('rateLimit', {
      ...one('perSecond', flags['rate-per-second']),
      ...one('inFlight', flags['rate-in-flight']),
      ...one('retryAfterS', flags['retry-after-s']),
    }),
    ...one('crawlDelay', flags['crawl-delay']),
    ...group('sessionTtl', {
      ...one('requests', flags['session-requests']),
      ...one('ms', flags['session-ms']),
    }),
  };
}

function parse() {
  return parseArgs({ options, strict: true }).values;
}

async function main() {
  const flags = parse();
  if (flags.help) {
    process.stdout.write(help);
    return;
  }
  const shop = await startShop({
    port: Number(flags.port),
    host: flags.host,
    thirdPartyPort: Number(flags['third-party-port']),
    accessLogFile: flags['access-log-file'],
    ...settingsFrom(flags),
  });
  process.stdout.write(`${shop.url}\n`);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.once(signal, () => void shop.stop());
}

main().catch((error) => {
  process.stderr.write(`shop: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
