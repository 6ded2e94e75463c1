/**
 * Leads an application to another of its pages, inside the page: sent there as its own source text, so it may refer to
 * nothing outside itself. What `ready` finds counts only when it was not there before, or was changed since the
 * application was told to go: what stands there untouched belongs to the last page.
 *
 * One call does it all where the application draws something at once. One that draws nothing before its data has come,
 * or that stands still on its way, cannot be told from one that does not react: the call ends and says so, what it has
 * watched is kept in the page, and another call goes on from there.
 */

/** What a call is to do. `link`: by a click on the page's own link, where there is one. */
export type RouteStep = 'history' | 'link' | 'wait';

export interface RouteOrder {
  step: RouteStep;
  /** The first call on the way to this page. */
  anew: boolean;
  /** As `new URL(…).href` writes it. */
  url: string;
  /** Selector. */
  ready: string;
  /** What else the page may turn out to be: name, and selector of something visible. */
  others: [string, string][];
  /** Without any change so long: it does not react. */
  reactMs: number;
  /** Without any further change so long: it stands still. */
  stillMs: number;
  /** Without any change so long, ready by something new: it is what it will be. */
  quietMs: number;
  /** The same, where what was there before was only changed: that begins before the data has come. */
  changedQuietMs: number;
  /** It never comes to rest: after so long it is taken as it is. */
  restlessMs: number;
}

/**
 * `ready`; the name of another; `elsewhere`: ready, but at another address; `silent`: nothing has changed at all;
 * `still`: nothing changes any more; `no-link`; `refused`: it is not to be gone to like this.
 */
export type RouteEnd = 'ready' | 'elsewhere' | 'silent' | 'still' | 'no-link' | 'refused' | (string & {});

export interface RouteAnswer {
  said: RouteEnd;
  /** What `ask` gave in the moment that the page was ready. */
  answer?: unknown;
}

export async function routeInPage(order: RouteOrder, ask: () => unknown): Promise<RouteAnswer> {
  interface Watched {
    from: string;
    /** What `ready` found before, and what of that was changed since. */
    before: Set<Element>;
    touched: Set<Element>;
    changes: number;
    observer: MutationObserver;
    told: () => void;
  }
  const place = Symbol.for('thresh.route');
  const holder = globalThis as unknown as Record<symbol, Watched | undefined>;

  const forget = (): void => {
    holder[place]?.observer.disconnect();
    delete holder[place];
  };

  const watch = (): Watched => {
    forget();
    const note = (records: MutationRecord[]): void => {
      watched.changes += records.length;
      if (watched.touched.size < watched.before.size)
        for (const { target } of records)
          for (const element of watched.before) if (element.contains(target)) watched.touched.add(element);
      watched.told();
    };
    const watched: Watched = {
      from: location.href,
      before: new Set([...document.querySelectorAll(order.ready)].slice(0, 200)),
      touched: new Set(),
      changes: 0,
      observer: new MutationObserver(note),
      told: () => undefined,
    };
    watched.observer.observe(document, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
    holder[place] = watched;
    return watched;
  };

  const findLink = (): HTMLElement | undefined =>
    [...document.querySelectorAll<HTMLAnchorElement>('a[href]')].find(
      (link) => link.href === order.url && !/^_(?!self)|^[^_]/.test(link.target) && !link.download,
    );

  const goByLink = (link: HTMLElement): void => {
    const stay = (event: Event): void => event.preventDefault();
    addEventListener('click', stay); // the last to hear of it: a link that nobody takes care of would load the page
    link.click();
    removeEventListener('click', stay);
  };

  const goByHistory = (): void => {
    const { pathname, search } = new URL(order.url);
    if (pathname === location.pathname && search === location.search) {
      location.assign(order.url); // to another fragment: the browser itself tells of it
      return;
    }
    history.pushState(null, '', order.url);
    dispatchEvent(new PopStateEvent('popstate', { state: null }));
  };

  const isVisible = (selector: string): boolean => {
    for (const element of document.querySelectorAll(selector)) if (element.checkVisibility()) return true;
    return false;
  };

  const shown = ({ before, touched }: Watched): string => {
    for (const [name, selector] of order.others) if (isVisible(selector)) return name;
    let changed = false;
    for (const element of document.querySelectorAll(order.ready)) {
      if (!before.has(element)) return 'ready';
      changed ||= touched.has(element);
    }
    return changed ? 'changed' : '';
  };

  const go = (watched: Watched): RouteEnd | undefined => {
    if (order.step === 'wait') return undefined;
    if (order.url === watched.from) return 'refused';
    scrollTo(0, 0);
    if (order.step === 'history') {
      try {
        goByHistory();
        return undefined;
      } catch {
        return 'refused';
      }
    }
    const link = findLink();
    if (link === undefined) return 'no-link';
    if (location.href !== watched.from) history.replaceState(null, '', watched.from);
    goByLink(link);
    return undefined;
  };

  const known = order.anew ? undefined : holder[place];
  const watched = known ?? watch();
  const failed = go(watched);
  if (failed !== undefined) {
    if (failed === 'refused') forget();
    return { said: failed };
  }

  return new Promise((resolve, reject) => {
    const beganAt = performance.now();
    let changedAt = beganAt;
    let readyAt: number | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const end = (said: RouteEnd): void => {
      clearTimeout(timer);
      watched.told = () => undefined;
      if (said !== 'silent' && said !== 'still' && said !== 'ready') forget();
      try {
        resolve(said === 'ready' ? { said, answer: ask() } : { said });
      } catch (error) {
        reject(error);
      }
    };
    const look = (): void => {
      const now = performance.now();
      const said = shown(watched);
      if (said !== '' && said !== 'ready' && said !== 'changed') {
        end(said);
        return;
      }
      const quietMs = said === 'changed' ? order.changedQuietMs : order.quietMs;
      readyAt = said === '' ? undefined : (readyAt ?? now);
      const restMs =
        readyAt === undefined
          ? (watched.changes === 0 ? order.reactMs : order.stillMs) - (now - changedAt)
          : Math.min(quietMs - (now - changedAt), order.restlessMs - (now - readyAt));
      if (restMs > 0) wait(restMs);
      else if (readyAt !== undefined) end(location.href === order.url ? 'ready' : 'elsewhere');
      else end(watched.changes === 0 ? 'silent' : 'still');
    };
    const wait = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(look, Math.max(1, ms));
    };
    watched.told = () => {
      changedAt = performance.now();
      look();
    };
    look();
  });
}
