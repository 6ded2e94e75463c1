/**
 * `collect`: reads a list that loads or recycles its elements while one scrolls, each item once. It never ends early
 * without a word: when time runs out before the list does, it throws.
 */
import type { JSHandle, Page, Request } from 'playwright';
import { ThreshError } from '../errors.js';
import type { FieldSpec, MaybePromise } from './definition.js';
import { type FieldReading, fieldReading } from './field-spec.js';
import { fieldReadings, reviveDates, unparsable } from './fields.js';
import { createPageCollector, type PageCollector, type PageCollectorRequest } from './in-page-collector.js';
import { createPageReader } from './in-page-reader.js';
import { pageFunction } from './page-function.js';

export interface CollectOptions<T = Record<string, unknown>> {
  /** CSS selector of an item's element. */
  rows: string;
  /** What tells items apart, read on the item's element: `'@data-id'`, `'a@href'`, `'.sku'`. */
  key: string | FieldSpec;
  /** Fields as in `fields`, or a function that runs in the page on each item's element and sees nothing outside itself. */
  read: Record<string, string | FieldSpec> | ((element: Element) => MaybePromise<T>);
  /** Stops when a selector is on the page, or when a function of the items so far says so. Default: at the list's end. */
  until?: string | ((items: readonly T[]) => MaybePromise<boolean>);
  /** CSS selector of the scrolling element. Default: the nearest scrolling ancestor of the items, else the window. */
  container?: string;
  /** Stops with the first so many items. Default: all. */
  maxItems?: number;
  /** The list is over when nothing comes at its end for so long, ms. Default 1,000. */
  idleMs?: number;
  /** Most time for the whole list, ms; more throws. Default 45,000. */
  maxMs?: number;
  /** Stops when aborted, e.g. the `signal` of `extract`. */
  signal?: AbortSignal;
}

/** Data that is asked for at the list's end is waited for so long, ms, although the page stands still. */
const PENDING_MS = 10_000;

/** Rows that the page has at hand are drawn within so long, ms; for others it asks first. */
const DRAWING_MS = 150;

/** With data still coming and going at the list's end, so many fruitless looks in a row end it. */
const FRUITLESS_LOOKS = 3;

/**
 * The items in the order in which they were first seen, each as it looked last.
 * @throws ThreshError EXTRACT_FAILED when the list does not end within `maxMs`, when no item has a key, or for a
 * selector that the browser cannot parse.
 */
export async function collect<T = Record<string, unknown>>(
  page: Page,
  options: CollectOptions<T>,
): Promise<T[]> {
  const { maxItems = Number.POSITIVE_INFINITY, idleMs = 1_000, maxMs = 45_000 } = options;
  const deadline = performance.now() + maxMs;
  const fields = typeof options.read === 'function' ? {} : fieldReadings(options.read);
  const items = new Map<string, T>();
  const requests = watchDataRequests(page);
  const collector = await startCollector(page, options);
  try {
    let fruitless = 0;
    let ended = false;
    for (;;) {
      options.signal?.throwIfAborted();
      const before = items.size;
      const reading = await collector.evaluate((here) => here.read());
      for (const { key, value } of reading.items) items.set(key, revived<T>(value, fields));
      if (items.size >= maxItems) return [...items.values()].slice(0, maxItems);
      if (await isReached(page, options.until, items)) return [...items.values()];
      if (ended && items.size === before) {
        if (items.size === 0 && reading.keyless > 0) throw keyless(options, reading.keyless);
        return [...items.values()];
      }
      if (performance.now() > deadline) throw endless(options, maxMs, items.size);
      // Rows that are scrolled out of view before their data has come would be lost.
      if (!reading.complete && (await isCompleted(collector, requests, { idleMs, deadline }))) continue;
      requests.mark();
      const { atEnd } = await collector.evaluate((here, ms) => here.advance(ms), idleMs);
      fruitless = atEnd && items.size === before ? fruitless + 1 : 0;
      ended = atEnd && (requests.sinceMark() === 0 || fruitless >= FRUITLESS_LOOKS);
      if (atEnd && !ended) await requests.settled(Math.min(PENDING_MS, deadline - performance.now()));
    }
  } finally {
    requests.stop();
    await collector.dispose().catch(() => undefined);
  }
}

/** Waits for rows of the view that are still to come; false when none comes, as with rows that never have a key. */
async function isCompleted(
  collector: JSHandle<PageCollector>,
  requests: ReturnType<typeof watchDataRequests>,
  { idleMs, deadline }: { idleMs: number; deadline: number },
): Promise<boolean> {
  if (await collector.evaluate((here, ms) => here.completed(ms), DRAWING_MS)) return true;
  if (requests.sinceMark() === 0) return false;
  await requests.settled(Math.min(PENDING_MS, deadline - performance.now()));
  return collector.evaluate((here, ms) => here.completed(ms), idleMs);
}

async function startCollector<T>(page: Page, options: CollectOptions<T>): Promise<JSHandle<PageCollector>> {
  const key = fieldReading(options.key);
  const fields = typeof options.read === 'function' ? null : fieldReadings(options.read);
  const request: PageCollectorRequest = {
    rows: options.rows,
    key,
    fields,
    container: options.container ?? null,
  };
  const selectors = [
    request.rows,
    key.selector,
    ...Object.values(fields ?? {}).map(({ selector }) => selector),
  ];
  if (request.container !== null) selectors.push(request.container);
  const reader = `(${String(createPageReader)})()`;
  const wrong = await page.evaluate<string[]>(
    `${reader}.unparsable(${JSON.stringify(selectors.filter((selector) => selector !== ''))})`,
  );
  if (wrong.length > 0) throw unparsable(wrong);
  const readRow = typeof options.read === 'function' ? pageFunction(options.read) : 'null';
  const started = `(${String(createPageCollector)})(${reader}, ${JSON.stringify(request)}, ${readRow})`;
  return (await page.evaluateHandle(started)) as JSHandle<PageCollector>;
}

function revived<T>(value: unknown, fields: Record<string, FieldReading>): T {
  const isRecord = typeof value === 'object' && value !== null;
  return (isRecord ? reviveDates(value as Record<string, unknown>, fields) : value) as T;
}

async function isReached<T>(
  page: Page,
  until: CollectOptions<T>['until'],
  items: Map<string, T>,
): Promise<boolean> {
  if (until === undefined) return false;
  return typeof until === 'string' ? page.locator(until).first().isVisible() : until([...items.values()]);
}

/** Data requests of the page: while some are under way the list may still grow. */
function watchDataRequests(page: Page) {
  const open = new Set<Request>();
  let started = 0;
  let openAtMark = 0;
  let wake: (() => void) | undefined;
  const onStart = (request: Request) => {
    if (request.resourceType() !== 'fetch' && request.resourceType() !== 'xhr') return;
    open.add(request);
    started++;
  };
  const onEnd = (request: Request) => {
    if (open.delete(request) && open.size === 0) wake?.();
  };
  page.on('request', onStart).on('requestfinished', onEnd).on('requestfailed', onEnd);
  return {
    mark() {
      started = 0;
      openAtMark = open.size;
    },
    /** Requests that were under way at some time since the mark. */
    sinceMark: () => started + openAtMark,
    /** When none is under way, or after `ms`; what takes longer (a long poll) is not waited for again. */
    async settled(ms: number): Promise<void> {
      if (open.size === 0) return;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((done) => {
        wake = done;
        timer = setTimeout(done, Math.max(0, ms));
      });
      clearTimeout(timer);
      open.clear();
    },
    stop() {
      page.off('request', onStart).off('requestfinished', onEnd).off('requestfailed', onEnd);
    },
  };
}

function keyless<T>(options: CollectOptions<T>, rows: number): ThreshError {
  const key = typeof options.key === 'string' ? options.key : options.key.select;
  return failed(
    `none of the ${rows} elements "${options.rows}" has the key "${key}"`,
    'name what every item has',
  );
}

function endless<T>(options: CollectOptions<T>, maxMs: number, count: number): ThreshError {
  const message = `the list "${options.rows}" had not ended after ${maxMs / 1_000} s, at ${count} items`;
  return failed(message, 'raise maxMs (and timeoutMs), or say where to stop with until or maxItems', 'later');
}

function failed(message: string, mend: string, retry: 'never' | 'later' = 'never'): ThreshError {
  return new ThreshError(message, { code: 'EXTRACT_FAILED', scope: 'page', retry, mend });
}
