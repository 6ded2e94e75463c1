/**
 * The part of `collect` that lives in the page: reads the rows that are there, scrolls by less than a view, and waits
 * until the list has answered. `createPageCollector` is sent as its own source text, so it refers to nothing outside.
 */
import type { FieldReading } from './field-spec.js';
import type { createPageReader } from './in-page-reader.js';

export interface PageCollectorRequest {
  rows: string;
  key: FieldReading;
  /** Null when a function of the user reads a row. */
  fields: Record<string, FieldReading> | null;
  /** Selector of the scrolling element; null: the nearest scrolling ancestor of the rows. */
  container: string | null;
}

export interface PageReading {
  /** Rows not yet reported, and those reported last time as they look now: they may have been filled in since. */
  items: { key: string; value: unknown }[];
  rows: number;
  keyless: number;
  /** The view is full of rows, and each has its key: nothing in it is still to come. */
  complete: boolean;
}

export interface PageCollector {
  read(): Promise<PageReading>;
  /** Waits at most `ms` until the view is complete; false when it is not. */
  completed(ms: number): Promise<boolean>;
  /** Scrolls on and waits for the list; `atEnd`: there is nothing further down, and nothing came for `idleMs`. */
  advance(idleMs: number): Promise<{ atEnd: boolean }>;
}

export function createPageCollector(
  reader: ReturnType<typeof createPageReader>,
  request: PageCollectorRequest,
  readRow: ((element: Element) => unknown) | null,
): PageCollector {
  const seen = new Set<string>();
  let fresh = new Set<string>();
  /** Of the view it leaves behind, a step keeps this share, so that no row falls between two views. */
  const OVERLAP = 0.2;
  const EDGE_PX = 2;

  const rowsNow = (): Element[] => [...document.querySelectorAll(request.rows)];
  const keyOf = (row: Element): string => {
    const key = reader.field(row, request.key);
    return key === undefined || key === null ? '' : String(key);
  };
  /** A hidden window draws no frames: then the timer speaks. */
  const frame = (): Promise<void> =>
    new Promise((done) => {
      const timer = setTimeout(done, 100);
      requestAnimationFrame(() => {
        clearTimeout(timer);
        done();
      });
    });

  const scrolls = (element: Element): boolean =>
    element.scrollHeight > element.clientHeight + EDGE_PX &&
    /auto|scroll|overlay/.test(getComputedStyle(element).overflowY);
  const scroller = (): Element => {
    const root = document.scrollingElement ?? document.documentElement;
    if (request.container !== null) return document.querySelector(request.container) ?? root;
    for (
      let up = rowsNow()[0]?.parentElement;
      up && up !== document.body && up !== root;
      up = up.parentElement
    ) {
      if (scrolls(up)) return up;
    }
    return root;
  };
  const viewOf = (element: Element): { top: number; bottom: number } => {
    if (element === document.scrollingElement) return { top: 0, bottom: window.innerHeight };
    const { top, bottom } = element.getBoundingClientRect();
    return { top: Math.max(0, top), bottom: Math.min(window.innerHeight, bottom) };
  };
  const bottomOf = (element: Element): number => element.scrollHeight - element.clientHeight;
  const isAtBottom = (element: Element): boolean => element.scrollTop >= bottomOf(element) - EDGE_PX;
  const scrollTo = (element: Element, top: number): void => element.scrollTo({ top, behavior: 'instant' });

  /** Where the rows in view stand, and whether they fill it; a virtual list that lags behind leaves a gap. */
  const look = (element: Element): { first: string; fills: boolean; unseen: boolean; keyless: boolean } => {
    const view = viewOf(element);
    let top = Number.POSITIVE_INFINITY;
    let bottom = Number.NEGATIVE_INFINITY;
    let first = '';
    let unseen = false;
    let keyless = false;
    for (const row of rowsNow()) {
      const key = keyOf(row);
      if (key !== '' && !seen.has(key)) unseen = true;
      const box = row.getBoundingClientRect();
      if (box.bottom <= view.top || box.top >= view.bottom) continue;
      if (key === '') {
        keyless = true;
        continue;
      }
      if (box.top < top) first = `${key}@${Math.round(box.top)}`;
      top = Math.min(top, box.top);
      bottom = Math.max(bottom, box.bottom);
    }
    // Gaps between cards and paddings are no gap in the list.
    const slack = (view.bottom - view.top) * OVERLAP;
    const fills = top <= view.top + slack && bottom >= view.bottom - slack;
    return { first, fills, unseen, keyless };
  };
  const isComplete = (): boolean => {
    const element = scroller();
    const { fills, keyless } = look(element);
    return !keyless && (fills || isAtBottom(element));
  };

  /** Whether `holds` came true within `ms`; looked at after every change of the page. */
  const waitFor = (holds: () => boolean, ms: number): Promise<boolean> =>
    new Promise((done) => {
      let queued = false;
      const end = (result: boolean): void => {
        clearTimeout(timer);
        observer.disconnect();
        document.removeEventListener('load', changed, true);
        done(result);
      };
      const changed = (): void => {
        if (queued) return;
        queued = true;
        void frame().then(() => {
          queued = false;
          if (holds()) end(true);
        });
      };
      const timer = setTimeout(() => end(holds()), ms);
      const observer = new MutationObserver(changed);
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      // An image that loads moves what is below it without changing the document.
      document.addEventListener('load', changed, true);
      changed();
    });

  return {
    async read() {
      const items: PageReading['items'] = [];
      const now = new Set<string>();
      let keyless = 0;
      const rows = rowsNow();
      for (const row of rows) {
        const key = keyOf(row);
        if (key === '') keyless++;
        const isNew = key !== '' && !seen.has(key);
        if (!isNew && !fresh.has(key)) continue;
        if (now.has(key)) continue;
        const value = readRow ? await readRow(row) : reader.record(row, request.fields ?? {});
        items.push({ key, value });
        if (isNew) now.add(key);
        else fresh.delete(key);
      }
      for (const key of now) seen.add(key);
      fresh = now;
      return { items, rows: rows.length, keyless, complete: isComplete() && !look(scroller()).unseen };
    },
    completed: (ms) => waitFor(isComplete, ms),
    async advance(idleMs) {
      const element = scroller();
      const before = look(element);
      const heightBefore = element.scrollHeight;
      if (!isAtBottom(element)) {
        const view = viewOf(element);
        scrollTo(
          element,
          Math.min(
            bottomOf(element),
            element.scrollTop + Math.max(1, Math.floor((view.bottom - view.top) * (1 - OVERLAP))),
          ),
        );
        await frame();
        await frame();
        const reachedBottom = isAtBottom(element);
        await waitFor(() => {
          const now = look(element);
          return (
            now.unseen ||
            (now.fills && now.first !== before.first) ||
            (reachedBottom && element.scrollHeight > heightBefore)
          );
        }, idleMs);
        return { atEnd: false };
      }
      // A list that listens for scrolling, not for its end coming into view, is told once more.
      scrollTo(element, Math.max(0, element.scrollTop - 4));
      await frame();
      scrollTo(element, bottomOf(element));
      const grew = await waitFor(() => {
        const now = scroller();
        return now.scrollHeight > heightBefore + EDGE_PX || !isAtBottom(now) || look(now).unseen;
      }, idleMs);
      return { atEnd: !grew };
    },
  };
}
