/**
 * A lease that says where it goes gets a page whose last document was emptied instead of left. Nothing of that document
 * goes on, and nothing of it is there once the lease has gone where it said.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Lease } from '../../../browser-pool/index.js';
import { anyone, openPool, openSite, type PoolLab, type Site } from './pool-lab.js';

let lab: PoolLab;
let site: Site;
let taken: Lease[] = [];

beforeAll(async () => {
  site = await openSite({
    '/worker': '<script>new Worker("/ticking.js")</script>',
    '/ticking.js': "setInterval(() => fetch('/tick').catch(() => 0), 20)",
    '/framed': '<iframe srcdoc="<script>setInterval(() => fetch(\'/tick\'), 20)</script>"></iframe>',
    '/leaving': '<script>onbeforeunload = (event) => event.preventDefault()</script>',
  });
  lab = await openPool({ maxPages: 1 });
});

// A test that failed with the only page in hand must not take those after it along.
afterEach(async () => {
  await Promise.all(taken.map((one) => one.release('doubtful')));
  taken = [];
});

afterAll(async () => {
  await lab?.close();
  await site?.close();
});

const next = (): string => `${site.url}/next`;
async function lease(identity: string, goesTo?: string): Promise<Lease> {
  const one = await lab.pool.lease({ ...anyone(identity), ...(goesTo === undefined ? {} : { goesTo }) });
  taken.push(one);
  return one;
}

/** What a lease does at `path`, and the one after it on the same page. */
async function twoLeases(
  name: string,
  { path = '/', work }: { path?: string; work: (page: Page) => Promise<unknown> },
): Promise<Page> {
  const first = await lease(name);
  await first.page.goto(site.url + path);
  await work(first.page);
  await first.release('good');
  const second = await lease(name, next());
  expect(second.page).toBe(first.page);
  await second.release('good');
  return second.page;
}

async function ticksIn(ms: number): Promise<number> {
  const before = site.asked.length;
  await delay(ms);
  return site.asked.slice(before).filter((path) => path === '/tick').length;
}

/** Over a message channel, every 20 ms. */
const loop = (work: string): string =>
  `(() => { let last = 0; const { port1, port2 } = new MessageChannel(); port1.onmessage = () => {
    if (performance.now() - last > 20) { last = performance.now(); ${work}; } port2.postMessage(0); }; port2.postMessage(0); })()`;

const TICK = "fetch('/tick').catch(() => 0)";

test.each([
  ['a timer', `setInterval(() => ${TICK}, 20)`],
  ['a chain of time-outs', `(function again() { ${TICK}; setTimeout(again, 20); })()`],
  ['an animation', `(function again() { ${TICK}; requestAnimationFrame(again); })()`],
  ['idle work', `(function again() { ${TICK}; requestIdleCallback(again, { timeout: 20 }); })()`],
  [
    'a timer that is set when a request is cut off',
    `(setInterval(() => ${TICK}, 20), fetch('/slow').catch(() => setInterval(() => ${TICK}, 20)))`,
  ],
  [
    'a timer behind functions that end nothing',
    `clearTimeout = clearInterval = stop = () => 0; setTimeout = () => 1; setInterval(() => ${TICK}, 20)`,
  ],
])('%s does not outlast its lease', async (name, script) => {
  const first = await lease(name);
  await first.page.goto(`${site.url}/`);
  await first.page.evaluate(`void ${script.includes('= () => 1') ? `(() => { ${script} })()` : script}`);
  expect(await ticksIn(400), 'it ticks').toBeGreaterThan(0);
  await first.release('good');
  expect(await ticksIn(400)).toBe(0);
  const second = await lease(name, next());
  expect(second.page).toBe(first.page);
  expect(second.page.url(), 'it was not left').toBe(`${site.url}/`);
  await second.release('good');
});

test.each([
  ['a worker', '/worker'],
  ['a frame', '/framed'],
])('a document with %s is left', async (name, path) => {
  const page = await twoLeases(name, {
    path,
    work: async () => expect(await ticksIn(400), 'it ticks').toBeGreaterThan(0),
  });
  expect(page.url()).toBe('about:blank');
  expect(await ticksIn(300)).toBe(0);
});

test.each([
  ['an event source', "void new EventSource('/events')"],
  ['a socket', "void new WebSocket('/socket')"],
])('a document with %s is left', async (name, script) => {
  const page = await twoLeases(name, { work: (one) => one.evaluate(script).then(() => delay(100)) });
  expect(page.url()).toBe('about:blank');
});

const leaks: [string, string, string][] = [
  ['session storage', "sessionStorage.setItem('a', '1')", "sessionStorage.getItem('a')"],
  [
    'session storage written when a request is cut off',
    "void fetch('/slow').catch(() => sessionStorage.setItem('b', '1'))",
    "sessionStorage.getItem('b')",
  ],
  [
    'session storage written on leaving',
    "addEventListener('pagehide', () => sessionStorage.setItem('c', '1'))",
    "sessionStorage.getItem('c')",
  ],
  ['the window name', "window.name = 'mine'", 'window.name'],
  ['a global', 'window.left = 1', 'window.left'],
  ['a referrer', '0', 'document.referrer'],
];

test.each(leaks)('%s does not reach where the next lease goes', async (name, dirt, probe) => {
  const first = await lease(name);
  await first.page.goto(next());
  const clean = await first.page.evaluate(probe);
  await first.page.goto(`${site.url}/`);
  await first.page.evaluate(dirt);
  await first.release('good');
  const second = await lease(name, next());
  expect(second.page).toBe(first.page);
  await second.page.goto(next());
  await expect.poll(() => second.page.evaluate(probe), { timeout: 2_000 }).toEqual(clean);
  await second.release('good');
});

test('there is no way back to the last lease', async () => {
  // Again and again: what came too early for the browser did so once in five times.
  for (let round = 0; round < 15; round++) {
    const first = await lease('back');
    await first.page.goto(`${site.url}/secret`);
    await first.release('good');
    const second = await lease('back', next());
    await second.page.goto(next());
    const session = await second.page.context().newCDPSession(second.page);
    const history = async () =>
      (await session.send('Page.getNavigationHistory')).entries.map(({ url }) => url);
    await expect.poll(history, { timeout: 2_000 }).toEqual([next()]);
    await expect.poll(() => second.page.evaluate('history.length'), { timeout: 2_000 }).toBe(1);
    expect(await second.page.goBack({ timeout: 1_000 })).toBeNull();
    expect(second.page.url()).toBe(next());
    await session.detach();
    await second.release('good');
  }
});

test('a page that asks before it is left asks nobody', async () => {
  const first = await lease('asks');
  await first.page.goto(`${site.url}/leaving`);
  await first.page.click('body', { force: true }).catch(() => undefined);
  await first.release('good');
  const second = await lease('asks', next());
  await second.page.goto(next(), { timeout: 3_000 });
  expect(await second.page.evaluate('document.body.innerText')).toBe('page');
  await second.release('good');
});

test('a lease that goes to a fragment of where the page is begins from nowhere', async () => {
  const first = await lease('fragment');
  await first.page.goto(`${next()}#a`);
  await first.release('good');
  const second = await lease('fragment', `${next()}#b`);
  expect(second.page.url()).toBe('about:blank');
  await second.page.goto(`${next()}#b`);
  expect(await second.page.evaluate('document.body.innerText')).toBe('page');
  await second.release('good');
});

test('a page that nobody comes for is left after a second', async () => {
  const first = await lease('rests');
  await first.page.goto(next());
  await first.release('good');
  expect(first.page.url()).toBe(next());
  await expect.poll(() => first.page.url(), { timeout: 5_000 }).toBe('about:blank');
  await expect.poll(() => first.page.evaluate('history.length')).toBe(1); // the last thing done to it
  const second = await lease('rests', next());
  expect(second.page).toBe(first.page);
  await second.release('good');
});

test('answers to the last document are not counted for the lease after it', async () => {
  const first = await lease('answers');
  await first.page.goto(`${site.url}/`);
  // What wiping does not end: it is alive while the next lease is on its way.
  await first.page.evaluate(`void ${loop(TICK)}`);
  await expect.poll(() => first.answers.answeredWell, { interval: 20 }).toBeGreaterThan(0);
  await first.release('good');
  const second = await lease('answers', next());
  expect(await ticksIn(500), 'it ticks on').toBeGreaterThan(0);
  expect(second.answers.answeredWell).toBe(0);
  await second.page.goto(next());
  await delay(200);
  expect(second.answers).toMatchObject({
    answeredWell: 0,
    pending: 0,
    troubles: [],
    document: { status: 200 },
  });
  await second.release('good');
});

test('a document that goes on by itself is left before the next lease', async () => {
  const first = await lease('stirs');
  await first.page.goto(`${site.url}/`);
  await first.page.evaluate(`void ${loop("history.pushState(null, '', '/elsewhere' + last)")}`);
  await first.release('good');
  await first.page.waitForEvent('framenavigated');
  const second = await lease('stirs', next());
  expect(second.page.url()).toBe('about:blank');
  await second.release('good');
});
