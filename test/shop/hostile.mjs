// @ts-check
/**
 * Pages that mean harm or are merely broken. Where a page can be read at all it shows one row,
 * `[data-sku="HOSTILE-NAME"]` with `.title` and `.price`, so that a test can see that nothing else was lost.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { queryNumber, send, sendHtml } from './exchange.mjs';

/** @typedef {import('./exchange.mjs').Exchange} Exchange */

const fileMb = 64;
const dripMs = 500;

/** Scripts of the pages that show a row and then misbehave. */
const scripts = /** @type {Record<string, string>} */ ({
  dialogs: `alert('one'); confirm('two'); prompt('three', 'x'); setInterval(() => alert('again'), 50);
    addEventListener('beforeunload', (event) => { event.preventDefault(); event.returnValue = 'stay'; });`,
  beforeunload: `addEventListener('beforeunload', (event) => { event.preventDefault(); event.returnValue = 'stay'; });`,
  popups: `let left = 200; for (let n = 0; n < 20; n++) open('/hostile/popup?' + n, '_blank');
    const storm = setInterval(() => { if (left-- > 0) open('/hostile/popup?' + left, '_blank', 'width=200,height=100'); else clearInterval(storm); }, 20);`,
  'auto-download': `let left = 20; const fetchOne = () => { const link = document.createElement('a'); link.href = '/hostile/file.bin?' + left;
    link.download = 'file.bin'; document.body.append(link); link.click(); if (left-- > 0) setTimeout(fetchOne, 50); }; fetchOne();`,
  'loop-late': `setTimeout(() => { for (;;); }, 100);`,
  console: `setInterval(() => { for (let n = 0; n < 500; n++) console.error('\\u001b[31mspam\\u001b[2J', n, 'x'.repeat(200)); }, 20);
    setInterval(() => { throw new Error('uncaught \\u001b]0;owned\\u0007'); }, 20); setInterval(() => Promise.reject(new Error('unhandled')), 20);`,
  reload: `setTimeout(() => location.reload(), 300);`,
  'service-worker': `navigator.serviceWorker?.register('/hostile/sw.js', { scope: '/hostile/' }).catch(() => {});`,
  flood: `const title = document.querySelector('.title'); title.hidden = true; title.textContent = 'flood '.repeat(4e6);`,
  'worker-loop': `for (let n = 0; n < 2; n++) new Worker(URL.createObjectURL(new Blob(['for (;;);'])));`,
});

/** Takes over every page below `/hostile/`, and answers none of their requests. */
const silentServiceWorker = `addEventListener('install', () => skipWaiting()); addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => event.respondWith(new Promise(() => {})));`;

/** @type {Record<string, import('./exchange.mjs').Section>} */
const sections = {
  'never-ready': (_, exchange) =>
    sendHtml(
      exchange,
      200,
      page(
        'never-ready',
        `setInterval(() => fetch('/hostile/poll').catch(() => {}), 200);`,
        '<p>Loading…</p>',
      ),
    ),
  poll: (_, exchange) => send(exchange, 200, 'application/json', '{"ready":false}'),
  popup: (_, exchange) => sendHtml(exchange, 200, '<!doctype html><title>You won</title><h1>You won!</h1>'),
  loop: (_, exchange) => sendHtml(exchange, 200, page('loop', 'for (;;);', '<p>Loading…</p>')),
  file: (_, exchange) => sendHtml(exchange, 200, reachPage('file', 'file:///etc/passwd')),
  fetch: (_, exchange) =>
    sendHtml(
      exchange,
      200,
      reachPage('fetch', exchange.url.searchParams.get('url') ?? 'http://169.254.169.254/'),
    ),
  memory: (_, exchange) => sendHtml(exchange, 200, page('memory', hoard(queryNumber(exchange, 'mb', 256)))),
  huge: (_, exchange) => sendHtml(exchange, 200, page('huge', grow(queryNumber(exchange, 'nodes', 200_000)))),
  redirect: (_, exchange) => redirect(exchange, exchange.url.searchParams.get('to') ?? '/'),
  'redirect-loop': (_, exchange) => redirect(exchange, '/hostile/redirect-back'),
  'redirect-back': (_, exchange) => redirect(exchange, '/hostile/redirect-loop'),
  download: (_, exchange) =>
    send(exchange, 200, 'application/octet-stream', Buffer.alloc(1024, 'x'), {
      'content-disposition': 'attachment; filename="../../report.exe"',
    }),
  'file.bin': serveFile,
  'big-download': serveFile,
  'sw.js': (_, exchange) => send(exchange, 200, 'text/javascript', silentServiceWorker),
  'slow-head': () => {},
  'slow-body': serveSlowBody,
  'cut-off': serveCutOff,
};

/** @type {import('./exchange.mjs').Section} */
export function serveHostile(shop, exchange) {
  const name = exchange.url.pathname.slice('/hostile/'.length);
  const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
  if (script !== undefined) return sendHtml(exchange, 200, page(name, script));
  const serve = Object.hasOwn(sections, name) ? sections[name] : undefined;
  return serve ? serve(shop, exchange) : sendHtml(exchange, 404, '<h1>Not found</h1>');
}

/**
 * @param {string} name
 * @param {string} script runs when the body is there
 * @param {string} [body]
 */
function page(name, script, body = rowOf(name, 'A fair offer')) {
  return `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>${name}</title></head>
<body>${body}<script>${script}</script></body></html>`;
}

/**
 * @param {string} name
 * @param {string} title
 */
function rowOf(name, title) {
  return `<article data-sku="HOSTILE-${name}"><h1 class="title">${title}</h1><span class="price" data-currency="EUR">€9.99</span></article>`;
}

/**
 * A page that tries to read what it must not, by every means there is, and shows as its title how that went:
 * `reached: TEXT`, or `refused`.
 * @param {string} name
 * @param {string} url
 */
function reachPage(name, url) {
  const literal = JSON.stringify(url).replaceAll('<', '\\u003c');
  return page(
    name,
    `const url = ${literal};
    const byFetch = fetch(url).then((answer) => answer.text());
    const blind = fetch(url, { mode: 'no-cors' }).then(() => 'blind');
    const byFrame = new Promise((resolve, reject) => { const frame = document.createElement('iframe'); frame.src = url; frame.onload = () => {
      try { resolve(frame.contentDocument.body.innerText || Promise.reject(new Error('empty'))); } catch (error) { reject(error); } }; document.body.append(frame); setTimeout(reject, 1000); });
    const byImage = new Promise((resolve, reject) => { const image = new Image(); image.onload = () => resolve('image'); image.onerror = reject; image.src = url; });
    Promise.any([byFetch, blind, byFrame, byImage]).then((text) => 'reached: ' + text.slice(0, 200), () => 'refused').then((title) => {
      document.body.insertAdjacentHTML('afterbegin', ${JSON.stringify(rowOf(name, '-')).replaceAll('</', '<\\/')}); document.querySelector('.title').textContent = title; });`,
    '',
  );
}

/** @param {number} mb */
function hoard(mb) {
  return `window.hoard = []; for (let mb = 0; mb < ${mb}; mb++) window.hoard.push(new Array(131072).fill(mb + 0.5));`;
}

/** @param {number} nodes */
function grow(nodes) {
  return `const part = document.createDocumentFragment(); for (let n = 0; n < ${nodes}; n++) { const node = document.createElement('i'); node.textContent = n; part.append(node); } document.body.append(part);`;
}

/**
 * @param {Exchange} exchange
 * @param {string} to
 */
function redirect({ response }, to) {
  response.writeHead(302, { location: encodeURI(to), 'content-length': 0 });
  response.end();
}

/** @type {import('./exchange.mjs').Section} */
async function serveFile(_, exchange) {
  const { response } = exchange;
  const bytes = queryNumber(exchange, 'mb', fileMb) * 1024 * 1024;
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="file.bin"',
    'content-length': bytes,
  });
  const block = Buffer.alloc(65_536, 'x');
  function* blocks() {
    for (let sent = 0; sent < bytes; sent += block.length) yield block;
  }
  // Whoever asked may not want all of it.
  await pipeline(Readable.from(blocks()), response).catch(() => {});
}

/** @type {import('./exchange.mjs').Section} */
function serveSlowBody(_, { response }) {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  response.write('<!doctype html><html><body><p>Loading');
  const drip = setInterval(() => response.write('.'), dripMs);
  response.once('close', () => clearInterval(drip));
}

/** @type {import('./exchange.mjs').Section} */
function serveCutOff(_, { response }) {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': 10_000 });
  response.write('<!doctype html><html><body><p>Loading', () => response.destroy());
}
