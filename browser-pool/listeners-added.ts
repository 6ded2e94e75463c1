/**
 * Which listeners a page was given since a moment. `page.removeAllListeners()` will not do: it also takes away those by
 * which Playwright itself ends its waits when the page closes or crashes.
 */
import type { EventEmitter } from 'node:events';
import type { Page } from 'playwright';

export interface AddedListener {
  event: string;
  listener: () => void;
}

/** The function that it returns names the listeners added since; undefined when one of before is missing. */
export function listenersAdded(page: Page): () => AddedListener[] | undefined {
  const emitter = page as unknown as EventEmitter;
  const all = (): AddedListener[] =>
    emitter
      .eventNames()
      .flatMap((event) =>
        emitter
          .listeners(event)
          .map((listener) => ({ event: String(event), listener: listener as () => void })),
      );
  const before = all();
  const has = (list: AddedListener[], { event, listener }: AddedListener): boolean =>
    list.some((other) => other.event === event && other.listener === listener);
  return () => {
    const now = all();
    return before.every((one) => has(now, one)) ? now.filter((one) => !has(before, one)) : undefined;
  };
}
