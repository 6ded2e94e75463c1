/**
 * Nothing of one lease reaches the next. Each case has a probe that is asked three times: of a new page, after the
 * page was dirtied (it must then see the dirt), and in the next lease, where the first answer must come again.
 */
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Lease } from '../../../browser-pool/index.js';
import { casesOf, isLong } from '../../support/long.js';
import { anyone, openPool, openSite, type PoolLab, type Site } from './pool-lab.js';

interface Leak {
  /** Whether the same page serves the next lease: a spoiled one is replaced. */
  warm: boolean;
  /** Another case goes the same way: only in long runs. */
  again?: true;
  dirty(page: Page): Promise<unknown>;
  probe(page: Page): Promise<unknown>;
}

let lab: PoolLab;
let site: Site;
let taken: Lease[] = [];

beforeAll(async () => {
  site = await openSite({
    '/tall': '<body style="height: 5000px">',
    '/late': '<script>setTimeout(() => document.body.append(document.createElement("hr")), 400)</script>',
    '/framing':
      '<iframe></iframe><script>frames[0].location = location.href.replace("127.0.0.1", "localhost").replace("framing", "in")</script>',
  });
  lab = await openPool({ maxPages: 1 });
});

// A test that failed with the only page in hand must not take those after it along.
afterEach(async () => {
  await Promise.all(taken.map((lease) => lease.release('doubtful')));
  taken = [];
});

afterAll(async () => {
  await lab?.close();
  await site?.close();
});

async function leaseFor(identity: string): Promise<Lease> {
  const lease = await lab.pool.lease(anyone(identity));
  taken.push(lease);
  return lease;
}

const home = (page: Page): Promise<unknown> => page.goto(`${site.url}/`);
const read = async (page: Page, script: string, url = `${site.url}/`): Promise<unknown> => {
  await page.goto(url);
  return page.evaluate(script);
};
const framed = async (page: Page, script: string): Promise<unknown> => {
  await page.goto(`${site.url}/framing`);
  return page.frames()[1]?.evaluate(script);
};
const ticks = async (page: Page): Promise<boolean> => {
  const before = site.asked.length;
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
  return site.asked.slice(before).includes('/tick');
};
let heard = 0;

const leaks: Record<string, Leak> = {
  'a listener': {
    warm: true,
    dirty: async (page) => page.on('console', () => heard++),
    probe: async (page) => {
      heard = 0;
      const said = page.waitForEvent('console');
      await page.evaluate(() => console.log('hello'));
      await said;
      return heard;
    },
  },
  'a dialog listener': {
    again: true,
    warm: true,
    dirty: async (page) => page.on('dialog', (dialog) => void dialog.accept('yes')),
    probe: (page) => page.evaluate(() => prompt('?')),
  },
  'a route': {
    warm: true,
    dirty: (page) => page.route('**/data.json', (route) => route.fulfill({ body: 'forged' })),
    probe: (page) => read(page, 'fetch("/data.json").then((answer) => answer.text())'),
  },
  'an exposed function': {
    again: true,
    warm: false,
    dirty: (page) => page.exposeFunction('spy', () => 1),
    probe: (page) => read(page, 'typeof spy'),
  },
  'an init script': {
    warm: false,
    dirty: (page) => page.addInitScript('window.injected = 1'),
    probe: (page) => read(page, 'window.injected'),
  },
  'a viewport': {
    again: true,
    warm: false,
    dirty: (page) => page.setViewportSize({ width: 333, height: 444 }),
    probe: (page) => read(page, 'innerWidth'),
  },
  'an emulated medium': {
    again: true,
    warm: false,
    dirty: (page) => page.emulateMedia({ colorScheme: 'dark' }),
    probe: (page) => read(page, 'matchMedia("(prefers-color-scheme: dark)").matches'),
  },
  'a shorter time-out': {
    warm: true,
    dirty: async (page) => page.setDefaultTimeout(50),
    probe: async (page) => {
      await page.goto(`${site.url}/late`, { waitUntil: 'commit', timeout: 30_000 });
      return page.waitForSelector('hr', { state: 'attached' }).then(
        () => 'found',
        () => 'late',
      );
    },
  },
  'session storage': {
    again: true,
    warm: true,
    dirty: async (page) => read(page, 'sessionStorage.setItem("a", "1")'),
    probe: (page) => read(page, 'sessionStorage.getItem("a")'),
  },
  'session storage written while leaving': {
    warm: true,
    dirty: (page) => read(page, 'addEventListener("pagehide", () => sessionStorage.setItem("b", "1"))'),
    probe: (page) => read(page, 'sessionStorage.getItem("b")'),
  },
  'session storage of an origin that was left': {
    warm: false,
    dirty: async (page) => {
      await read(page, 'sessionStorage.setItem("c", "1")', `${site.otherUrl}/`);
      await home(page);
    },
    probe: (page) => read(page, 'sessionStorage.getItem("c")', `${site.otherUrl}/`),
  },
  'session storage of a frame': {
    warm: true,
    dirty: (page) => framed(page, 'sessionStorage.setItem("d", "1")'),
    probe: (page) => framed(page, 'sessionStorage.getItem("d")'),
  },
  'the window name': {
    warm: true,
    dirty: (page) => read(page, 'window.name = "mine"'),
    probe: (page) => read(page, 'window.name'),
  },
  'a global': {
    again: true,
    warm: true,
    dirty: (page) => page.evaluate('window.left = 1'),
    probe: (page) => page.evaluate('window.left'),
  },
  history: {
    warm: true,
    dirty: async (page) => {
      await home(page);
      await page.goto(`${site.url}/tall`);
    },
    probe: (page) => page.evaluate('history.length'),
  },
  'a scroll position': {
    again: true,
    warm: true,
    dirty: (page) => page.evaluate('scrollTo(0, 700)'),
    probe: async (page) => {
      if (page.url() === 'about:blank') await page.goto(`${site.url}/tall`);
      return page.evaluate('scrollY');
    },
  },
  'a timer': {
    warm: true,
    dirty: (page) => read(page, 'void setInterval(() => fetch("/tick"), 20)'),
    probe: ticks,
  },
  'an init script of the context': {
    again: true,
    warm: false,
    dirty: (page) => page.context().addInitScript('window.injected = 2'),
    probe: (page) => read(page, 'window.injected'),
  },
  'a route of the context': {
    warm: false,
    dirty: (page) => page.context().route('**/data.json', (route) => route.fulfill({ body: 'forged' })),
    probe: (page) => read(page, 'fetch("/data.json").then((answer) => answer.text())'),
  },
  'a clock': {
    warm: false,
    dirty: (page) => page.clock.setFixedTime(0),
    probe: (page) => read(page, 'Date.now() < 1e9'),
  },
};

const cases = Object.entries(leaks).filter(([, { again }]) => isLong || !again);
test.each(cases)('%s does not reach the next lease', async (name, { warm, dirty, probe }) => {
  const first = await leaseFor(name);
  const clean = await probe(first.page);
  await dirty(first.page);
  expect(await probe(first.page), 'the probe sees the dirt').not.toEqual(clean);
  await first.release('good');

  const second = await leaseFor(name);
  expect(await probe(second.page)).toEqual(clean);
  expect(second.page === first.page).toBe(warm);
  await second.release('good');
});

const popups: [string, string][] = [
  ['a pop-up', 'window.open("/popup")'],
  ['a pop-up without an opener', 'window.open("/popup", "", "noopener")'],
];
test.each(casesOf(popups, 1))('%s is gone in the next lease', async (name, script) => {
  const first = await leaseFor(name);
  await home(first.page);
  const opened = first.page.context().waitForEvent('page');
  await first.page.evaluate(`void ${script}`);
  const popup = await opened;
  const shut = popup.isClosed() ? undefined : popup.waitForEvent('close', { timeout: 5_000 });
  await first.release('good');
  await shut;
  const second = await leaseFor(name);
  expect(second.page.context().pages()).toEqual([second.page]);
  await second.release('good');
});

test('a dialog left open ends with its lease', async () => {
  const first = await leaseFor('dialog');
  await home(first.page);
  const shown = first.page.waitForEvent('dialog');
  await first.page.evaluate('void setTimeout(() => alert("stay"))');
  await shown;
  await first.release('good');
  const second = await leaseFor('dialog');
  expect(await read(second.page, 'document.body.innerText')).toBe('page');
  await second.release('good');
});

test('a page that asks before it is left is left, and serves again', async () => {
  const first = await leaseFor('leaving');
  await read(first.page, 'onbeforeunload = (event) => event.preventDefault()');
  await first.page.click('body');
  await first.release('good');
  const second = await leaseFor('leaving');
  expect(second.page).toBe(first.page);
  expect(second.page.url()).toBe('about:blank');
  await second.release('good');
});

test('waits of a page that served before end when it is closed', async () => {
  const first = await leaseFor('waits');
  await first.release('good');
  const second = await leaseFor('waits');
  expect(second.page).toBe(first.page);
  const wait = second.page.waitForEvent('download', { timeout: 0 });
  const refused = expect(wait).rejects.toThrow(/closed/);
  await second.page.close();
  await refused;
  await second.release('good');
});
