/**
 * Waits in the page until it shows what it is: ready, gone, blocked or with an expired session. Selectors are watched
 * together by one observer inside the page, in one round trip; functions of the target are asked from here.
 */
import type { Page } from 'playwright';
import { ThreshError } from '../errors.js';
import type { PageTest } from '../target/definition.js';
import { CHALLENGES } from './challenges.js';
import { createStop, type Stop } from './stop.js';

export type Shown = 'expired' | 'blocked' | 'gone' | 'ready';

export interface PageTests {
  /** Without it, and without data to wait for, the page is ready when its document has loaded. */
  ready: PageTest | undefined;
  gone: PageTest | undefined;
  blocked: PageTest | undefined;
  expired: PageTest | undefined;
}

/** Which of several that show at once is believed: the first. */
const ORDER: readonly Shown[] = ['expired', 'blocked', 'gone', 'ready'];

const POLL_MS = 200;

export interface Found {
  shown: Shown;
  /** What the expression gave, when the page is ready by its selector. */
  answer?: unknown;
}

export interface Waiting {
  /** Epoch ms. */
  deadline: number;
  /** Rejects when there is no more to wait for; ends with `stop`. */
  until: (stop: Stop) => Promise<never>;
  /** Asked in the page in the very moment that its selector says it is ready. */
  expression?: string | undefined;
  /** What the page has to have beside what it shows, and what it lacks should that not come in time. */
  data?: { whole(stop: Stop): Promise<void>; lacking(): ThreshError | undefined } | undefined;
}

/**
 * With data to wait for the page is ready when it shows that it is and has it. Throws NOT_READY when the deadline passes
 * first, or what `until` rejects with.
 */
export async function awaitShown(page: Page, tests: PageTests, waiting: Waiting): Promise<Found> {
  const { ready, ...others } = tests;
  const found = await awaitOne(page, tests, waiting);
  if (found.shown !== 'ready' || ready === undefined || waiting.data === undefined) return found;
  return awaitOne(page, { ...others, ready: undefined }, waiting);
}

async function awaitOne(page: Page, tests: PageTests, waiting: Waiting): Promise<Found> {
  const { deadline, until, data } = waiting;
  const stop = createStop();
  let bySelector = false;
  const selected = watchSelectors(page, tests, waiting, stop).then((found) => {
    bySelector = true;
    return found;
  });
  const watches: Promise<Found>[] = [selected, until(stop)];
  for (const shown of ORDER) {
    const test = tests[shown];
    if (typeof test === 'function')
      watches.push(watchFunction(page, shown, test, stop).then(() => ({ shown })));
  }
  if (data !== undefined && tests.ready === undefined)
    watches.push(data.whole(stop).then(() => ({ shown: 'ready' })));
  else if (tests.ready === undefined)
    watches.push(page.waitForLoadState('load', { timeout: 0 }).then(() => ({ shown: 'ready' })));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = (): ThreshError => data?.lacking() ?? notReady(page, tests.ready);
    timer = setTimeout(() => reject(error()), Math.max(0, deadline - Date.now()));
  });
  for (const watch of watches) watch.catch(() => undefined); // the losers of the race end with the page
  try {
    const first = await Promise.race([...watches, late]);
    if (first.shown !== 'ready') return first;
    const other = await otherThanReady(page, tests, bySelector);
    return other === undefined ? first : { shown: other };
  } finally {
    stop.stop();
    clearTimeout(timer);
  }
}

/**
 * What was ready may also say that it is something else, for instance an error drawn into the page's usual frame.
 * `selectorsAsked`: those of the others were looked for in the same moment.
 */
async function otherThanReady(
  page: Page,
  tests: PageTests,
  selectorsAsked: boolean,
): Promise<Shown | undefined> {
  const others = selectorsOf({ ...tests, ready: undefined });
  if (!selectorsAsked && others.length > 0) {
    const { shown } = await firstShownOn(page, others, 0);
    if (shown !== '') return shown as Shown;
  }
  for (const shown of ORDER) {
    const test = tests[shown];
    if (shown !== 'ready' && typeof test === 'function' && (await test(page)) === true) return shown;
  }
  return undefined;
}

async function watchSelectors(
  page: Page,
  tests: PageTests,
  { deadline, expression }: Waiting,
  stop: Stop,
): Promise<Found> {
  const selectors = selectorsOf(tests);
  while (!stop.isStopped) {
    const left = deadline - Date.now();
    if (left <= 0) break;
    try {
      const { shown, answer } = await firstShownOn(page, selectors, left, expression);
      if (shown !== '') return { shown: shown as Shown, answer };
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
type Selector = [Shown, string, boolean];

export function selectorsOf(tests: PageTests): Selector[] {
  const selectors: Selector[] = [];
  for (const shown of ORDER) {
    const test = tests[shown];
    if (typeof test === 'string') selectors.push([shown, test, shown !== 'ready']);
    if (shown === 'blocked') selectors.push([shown, CHALLENGES, true]);
  }
  return selectors;
}

function firstShownOn(
  page: Page,
  selectors: Selector[],
  waitMs: number,
  expression?: string,
): Promise<{ shown: string; answer?: unknown }> {
  const ask = expression === undefined ? '' : `, () => ${expression}`;
  return page.evaluate(`(${FIRST_SHOWN})(${JSON.stringify(selectors)}, ${waitMs}${ask})`);
}

/**
 * Runs in the page. The name of the first that is there (and visible, where asked), or '' after `waitMs`. Who asks for
 * more than the name is answered when what is being drawn is drawn, and the document read to its end.
 */
async function firstShown(
  selectors: Selector[],
  waitMs: number,
  ask?: () => unknown,
): Promise<{ shown: string; answer?: unknown }> {
  /** A document that is sent for longer is taken as it is. */
  const PARSED_WITHIN_MS = 2_000;
  const untilMs = performance.now() + waitMs;

  const look = (): string => {
    for (const [name, selector, visible] of selectors) {
      for (const element of document.querySelectorAll(selector)) {
        if (!visible || element.checkVisibility()) return name;
      }
    }
    return '';
  };
  const drawn = async (): Promise<void> => {
    if (document.readyState === 'loading')
      await new Promise((resolve) => {
        document.addEventListener('DOMContentLoaded', resolve, { once: true });
        setTimeout(resolve, PARSED_WITHIN_MS);
      });
    await new Promise((resolve) => setTimeout(resolve));
  };
  const somethingNew = (): Promise<unknown> =>
    new Promise((resolve) => {
      const end = (): void => {
        observer.disconnect();
        clearTimeout(timer);
        resolve(undefined);
      };
      const observer = new MutationObserver(() => {
        if (look() !== '') end();
      });
      const timer = setTimeout(end, untilMs - performance.now());
      observer.observe(document, { subtree: true, childList: true, attributes: true });
    });

  for (;;) {
    const shown = look();
    if (shown === 'ready' && ask !== undefined) {
      await drawn();
      if (look() === 'ready') return { shown, answer: ask() };
    } else if (shown !== '') return { shown };
    if (performance.now() >= untilMs) return { shown: '' };
    if (look() === '') await somethingNew();
  }
}

/** Its source, put together once. */
const FIRST_SHOWN = String(firstShown);

async function watchFunction(
  page: Page,
  shown: Shown,
  test: Exclude<PageTest, string>,
  stop: Stop,
): Promise<void> {
  while (!stop.isStopped) {
    const answer = await test(page);
    // `ready` may simply return when it is; the others have to say so.
    if (answer === true || (shown === 'ready' && answer !== false)) return;
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
