// @ts-check
/**
 * The target, a process of its own: it answers in a base time up to a knee of requests in flight, in that time times
 * the square of the load after it, and refuses with 429 what is over its brim. It logs every request: its log is the
 * truth that the benchmark shows, whatever the clients say of themselves.
 */
import { createServer } from 'node:http';

/**
 * @typedef {object} TargetOptions
 * @property {number} baseMs of a whole page while the load is bearable
 * @property {number} knee requests in flight that it bears
 * @property {number} retryAfterS what a 429 asks for
 * @property {boolean} twoRequests a page is a document and a data request, each half of its time; else the document alone
 * @property {{ afterPages: number, knee: number } | undefined} [move] the knee is elsewhere once so many pages are served
 */

/**
 * One request, answered, refused, or (status 0) left by the client.
 * @typedef {object} Served
 * @property {number} page
 * @property {boolean} whole the page is served with it
 * @property {number} atMs epoch
 * @property {number} ms
 * @property {number} status
 * @property {number} load in flight when it came, itself included
 */

/** 429 above this many times the knee: 10 in flight for a knee of 4. */
const BRIM = 2.5;

/** @type {TargetOptions} */
const options = JSON.parse(process.argv[2] ?? '{}');
/** @type {Served[]} */
const log = [];
/** @type {Set<number>} */
const served = new Set();
let { knee } = options;
let slowness = 1;
let inFlight = 0;
let port = 0;

const server = createServer((request, response) => {
  const [, kind, number] = /^\/(page|data)\/(\d+)$/.exec(request.url ?? '') ?? [];
  if (kind === undefined) return void response.writeHead(404).end();
  const page = Number(number);
  const whole = kind === 'data' || !options.twoRequests;
  const atMs = Date.now();
  const started = performance.now();
  const load = inFlight + 1;
  const note = (/** @type {number} */ status) =>
    log.push({ page, whole, atMs, ms: performance.now() - started, status, load });
  if (load > knee * BRIM) {
    note(429);
    response.writeHead(429, { 'retry-after': String(options.retryAfterS) }).end('too many');
    return;
  }
  inFlight = load;
  const timer = setTimeout(() => {
    response.writeHead(200, { 'content-type': kind === 'data' ? 'application/json' : 'text/html' });
    response.end(kind === 'data' ? JSON.stringify({ sku: `sku-${page}` }) : documentOf(page));
  }, timeMs(load));
  response.once('close', () => {
    clearTimeout(timer);
    inFlight -= 1;
    note(response.writableFinished ? 200 : 0);
    if (whole && response.writableFinished) served.add(page);
    if (options.move !== undefined && served.size >= options.move.afterPages) knee = options.move.knee;
  });
});
server.keepAliveTimeout = 60_000;

/** @param {number} load */
function timeMs(load) {
  const base = options.twoRequests ? options.baseMs / 2 : options.baseMs;
  return base * slowness * Math.max(1, load / knee) ** 2;
}

/** @param {number} page */
function documentOf(page) {
  if (!options.twoRequests) return `<!doctype html><h1 data-sku="sku-${page}">${page}</h1>`;
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>${page}</title><script>
fetch('/data/${page}').then((answer) => answer.json()).then(({ sku }) => {
  const head = document.body.appendChild(document.createElement('h1'));
  head.dataset.sku = head.textContent = sku;
});
</script><body></body>`;
}

/** @param {() => void} listening */
function listen(listening) {
  server.listen(port, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') port = address.port;
    listening();
  });
}

/** Connections are refused, and those that there are cut. */
function goDown() {
  server.close();
  server.closeAllConnections();
}

process.on('message', (/** @type {{ ask: string, slowness: number }} */ message) => {
  const answer = (/** @type {object} */ facts = {}) => process.send?.({ ask: message.ask, ...facts });
  if (message.ask === 'slow') slowness = message.slowness;
  if (message.ask === 'down') goDown();
  if (message.ask === 'up') return listen(answer);
  answer(message.ask === 'log' ? { log } : {});
});
process.on('disconnect', () => process.exit());
listen(() => process.send?.({ ask: 'listening', port }));
