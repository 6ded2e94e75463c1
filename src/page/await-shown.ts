/**
 * Waits in the page until it shows what it is: ready, gone, blocked or with an expired session. Selectors are watched
 * together by one observer inside the page, in one round trip; functions of the target are asked from here.
 */
import type { Page } from 'playwright';
import { ThreshError } from '../errors.js';
import type { PageTest } from '../target/definition.js';
import { CHALLENGES } from './challenges.js';

export type Shown = 'expired' | 'blocked' | 'gone' | 'ready';

export interface PageTests {
  /** Without it the page is ready when its document has loaded. */
  ready: PageTest | undefined;
  gone: PageTest | undefined;
  blocked: PageTest | undefined;
  expired: PageTest | undefined;
}

/** Which of several that show at once is believed: the first. */
const ORDER: readonly Shown[] = ['expired', 'blocked', 'gone', 'ready'];

const POLL_MS = 200;

export interface Waiting {
  /** Epoch ms. */
  deadline: number;
  /** Rejects when there is no more to wait for; ends with `stop`. */
  until: (stop: AbortSignal) => Promise<never>;
}

/** Throws NOT_READY when the deadline passes first, or what `until` rejects with. */
export async function awaitShown(page: Page, tests: PageTests, { deadline, until }: Waiting): Promise<Shown> {
  const stop = new AbortController();
  let bySelector = false;
  const selected = watchSelectors(page, tests, deadline, stop.signal).then((shown) => {
    bySelector = true;
    return shown;
  });
  const watches = [selected, until(stop.signal)];
  for (const shown of ORDER) {
    const test = tests[shown];
    if (typeof test === 'function') watches.push(watchFunction(page, shown, test, stop.signal));
  }
  if (tests.ready === undefined)
    watches.push(page.waitForLoadState('load', { timeout: 0 }).then(() => 'ready'));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(notReady(page, tests.ready)), Math.max(0, deadline - Date.now()));
  });
  for (const watch of watches) watch.catch(() => undefined); // the losers of the race end with the page
  try {
    const first = await Promise.race([...watches, late]);
    return first === 'ready' ? await confirm(page, tests, bySelector) : first;
  } finally {
    stop.abort('shown'); // with a reason: without one, Node makes an error and its stack for each page
    clearTimeout(timer);
  }
}

/**
 * What was ready may also say that it is something else, for instance an error drawn into the page's usual frame.
 * `selectorsAsked`: those of the others were looked for in the same moment.
 */
async function confirm(page: Page, tests: PageTests, selectorsAsked: boolean): Promise<Shown> {
  const others = selectorsOf({ ...tests, ready: undefined });
  if (!selectorsAsked && others.length > 0) {
    const bySelector = await page.evaluate(firstShown, [others, 0] as const);
    if (bySelector !== '') return bySelector as Shown;
  }
  for (const shown of ORDER) {
    const test = tests[shown];
    if (shown !== 'ready' && typeof test === 'function' && (await test(page)) === true) return shown;
  }
  return 'ready';
}

async function watchSelectors(
  page: Page,
  tests: PageTests,
  deadline: number,
  stop: AbortSignal,
): Promise<Shown> {
  const selectors = selectorsOf(tests);
  while (!stop.aborted) {
    const left = deadline - Date.now();
    if (left <= 0) break;
    try {
      const shown = await page.evaluate(firstShown, [selectors, left] as const);
      if (shown !== '') return shown as Shown;
    } catch (error) {
      // The page went on to another document while we waited in the last one: wait in the new one.
      if (!/context was destroyed|Cannot find context|navigation/i.test(String(error)))
        throw wrongSelector(error);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return new Promise<never>(() => undefined);
}

/** Name, selector, and whether what it finds has to be visible. */
export function selectorsOf(tests: PageTests): [Shown, string, boolean][] {
  const selectors: [Shown, string, boolean][] = [];
  for (const shown of ORDER) {
    const test = tests[shown];
    if (typeof test === 'string') selectors.push([shown, test, shown !== 'ready']);
    if (shown === 'blocked') selectors.push([shown, CHALLENGES, true]);
  }
  return selectors;
}

/** Runs in the page. The name of the first that is there (and visible, where asked), or '' after `waitMs`. */
function firstShown([selectors, waitMs]: readonly [[string, string, boolean][], number]):
  | Promise<string>
  | string {
  const look = (): string => {
    for (const [name, selector, visible] of selectors) {
      for (const element of document.querySelectorAll(selector)) {
        if (!visible || element.checkVisibility()) return name;
      }
    }
    return '';
  };
  const now = look();
  if (now !== '' || waitMs <= 0) return now;
  return new Promise((resolve) => {
    const settle = (name: string): void => {
      observer.disconnect();
      clearTimeout(timer);
      resolve(name);
    };
    const observer = new MutationObserver(() => {
      const name = look();
      if (name !== '') settle(name);
    });
    const timer = setTimeout(() => settle(look()), waitMs);
    observer.observe(document, { subtree: true, childList: true, attributes: true });
  });
}

async function watchFunction(
  page: Page,
  shown: Shown,
  test: Exclude<PageTest, string>,
  stop: AbortSignal,
): Promise<Shown> {
  while (!stop.aborted) {
    const answer = await test(page);
    // `ready` may simply return when it is; the others have to say so.
    if (answer === true || (shown === 'ready' && answer !== false)) return shown;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return new Promise<never>(() => undefined);
}

function notReady(page: Page, ready: PageTest | undefined): ThreshError {
  const what = ready === undefined ? 'loaded' : typeof ready === 'string' ? `ready (${ready})` : 'ready';
  return new ThreshError(`${page.url()} did not get ${what} in time`, {
    code: 'NOT_READY',
    scope: 'page',
    retry: 'later',
    mend: 'look at the page with `thresh debug`; a slow page wants a larger timeoutMs',
  });
}

function wrongSelector(error: unknown): unknown {
  if (!/is not a valid selector/.test(String(error))) return error;
  const selector = /'(.*)' is not a valid selector/.exec(String(error))?.[1] ?? '';
  return new ThreshError(`not a CSS selector: ${selector}`, {
    code: 'EXTRACT_FAILED',
    scope: 'page',
    mend: 'ready, gone, blocked and expired take a CSS selector or a function of the page',
    cause: error,
  });
}
