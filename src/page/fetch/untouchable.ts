/** What `extract` is given for `page` where there is none: whatever it does with it fails, and it is known that it tried. */
import type { Page } from 'playwright';

export interface Untouchable {
  page: Page;
  /** Also when `extract` caught what was thrown. */
  wasTouched(): boolean;
}

/** Thrown out of `page` in the fetch lane. */
export class PageTouched extends Error {
  override readonly name = 'PageTouched';
}

export function untouchablePage(): Untouchable {
  let touched = false;
  const touch = (name: string | symbol): never => {
    touched = true;
    throw new PageTouched(
      `page.${String(name)} was used, but this page was fetched and not rendered: \`lane: 'auto'\` reads \`data\` alone`,
    );
  };
  const page = new Proxy({} as Page, {
    get: (_, name) => (name === 'then' || typeof name === 'symbol' ? undefined : touch(name)), // awaited, shown
    set: (_, name) => touch(name),
    has: (_, name) => touch(name),
  });
  return { page, wasTouched: () => touched };
}
