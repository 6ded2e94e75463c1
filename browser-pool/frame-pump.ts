/**
 * Lets frames come seldom. Drawing sixty frames a second that nobody looks at is a third of what a page costs to load,
 * and half of what an application costs that goes on by itself; without any frame `requestAnimationFrame`,
 * `IntersectionObserver`, transitions and Playwright's own clicks wait for good. A headless shell has pages whose frames
 * are begun from outside, whole ones, with all that belongs to them: here they are begun some thirty times a second for
 * a page at which something changes, and less often for one that stands still, as long as a lease works with it.
 *
 * One frame at a time in a browser: two pages' frames at once were seen to bring its GPU process down.
 */
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright';
import { bounded } from './bounded.js';

export interface DrivenPage {
  page: Page;
  session: CDPSession;
}

export interface FramePump {
  /** A context whose pages can be opened here; `open` makes it. */
  context(open: () => Promise<BrowserContext>): Promise<BrowserContext>;
  /** A page of such a context, without frames until it is driven. Undefined: this browser has no such pages. */
  page(context: BrowserContext): Promise<DrivenPage | undefined>;
  /** Begins frames until it is told to stop; `session`: of a page from here. */
  drive(session: CDPSession): () => void;
}

/** From one frame's end to the next one's begin, ms: while something changes, and when nothing has for a while. */
const LIVELY_MS = 25;
const STILL_MS = 100;
const SLOWER_BY = 1.5;
/** A page that gives no answer in that time (its renderer is stopped) is left out until it does. */
const ANSWER_MS = 500;
/** The browser's first one, for which it starts its GPU process. */
const FIRST_ANSWER_MS = 5_000;

/** Without it a frame is drawn before the page's part of it is there. Not for a full Chromium, whose frames it holds up. */
export const FRAME_PUMP_FLAG = '--run-all-compositor-stages-before-draw';

/** Whether it is a headless shell, by its name: the flag has to be known before it runs. */
export function hasFramePump(executablePath: string): boolean {
  return /headless[-_]shell[^/\\]*$/.test(executablePath);
}

interface Driven {
  session: CDPSession;
  gapMs: number;
  dueMs: number;
  /** Left out: its last frame has not ended. */
  isLate: boolean;
}

export function createFramePump(browser: Browser): FramePump {
  const control = browser.newBrowserCDPSession();
  control.catch(() => undefined); // the browser is gone: opening a context in it says so
  const ids = new WeakMap<BrowserContext, string>();
  const driven = new Set<Driven>();
  let opening: Promise<unknown> = Promise.resolve();
  let isAble = true;
  let isProven = false;
  let running = false;
  let wake: (() => void) | undefined;

  const contextIds = async () => (await (await control).send('Target.getBrowserContexts')).browserContextIds;

  async function create(context: BrowserContext, browserContextId: string): Promise<DrivenPage> {
    let opened: DrivenPage | undefined;
    const created = (await control).send('Target.createTarget', {
      url: 'about:blank',
      browserContextId,
      enableBeginFrameControl: true,
    });
    const isIt = async (page: Page): Promise<boolean> => {
      const session = await context.newCDPSession(page);
      const { targetInfo } = await session.send('Target.getTargetInfo');
      if (targetInfo.targetId !== (await created).targetId) return false;
      opened = { page, session };
      return true;
    };
    const coming = context.waitForEvent('page', (page) => isIt(page).catch(() => false));
    coming.catch(() => undefined); // when it was not even created
    await created;
    await coming;
    if (opened === undefined) throw new Error('no page came');
    return opened;
  }

  async function run(): Promise<void> {
    running = true;
    for (let next = soonest(driven); next !== undefined; next = soonest(driven)) {
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      else await frame(next);
    }
    running = false;
  }

  /** Cut short when a page comes that is due earlier. */
  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function frame(page: Driven): Promise<void> {
    const answer = page.session.send('HeadlessExperimental.beginFrame').then(
      ({ hasDamage }) => {
        page.gapMs = hasDamage ? LIVELY_MS : Math.min(STILL_MS, page.gapMs * SLOWER_BY);
      },
      () => {
        page.gapMs = STILL_MS; // on its way to another document, or gone
      },
    );
    if (!(await bounded(answer, ANSWER_MS))) {
      page.isLate = true;
      void answer.then(() => {
        page.isLate = false;
        begin(page);
      });
    }
    page.dueMs = performance.now() + page.gapMs;
  }

  function begin(page: Driven): void {
    if (!driven.has(page)) return;
    if (running) wake?.();
    else void run();
  }

  return {
    context(open) {
      // One after the other, so that the new one is the one that was not there before.
      const opened = opening.then(async () => {
        const before = new Set(await contextIds());
        const context = await open();
        const id = (await contextIds()).find((one) => !before.has(one));
        if (id !== undefined) ids.set(context, id);
        return context;
      });
      opening = opened.catch(() => undefined);
      return opened;
    },
    async page(context) {
      const browserContextId = ids.get(context);
      if (browserContextId === undefined || !isAble) return undefined;
      try {
        const opened = await create(context, browserContextId);
        isProven ||= await bounded(opened.session.send('HeadlessExperimental.beginFrame'), FIRST_ANSWER_MS);
        if (isProven) return opened;
        await opened.page.close();
      } catch {
        // Not this browser's, or it is gone: then opening a page in the usual way says so.
      }
      isAble = false;
      return undefined;
    },
    drive(session) {
      const page: Driven = { session, gapMs: LIVELY_MS, dueMs: 0, isLate: false };
      driven.add(page);
      begin(page);
      return () => driven.delete(page);
    },
  };
}

function soonest(driven: ReadonlySet<Driven>): Driven | undefined {
  let first: Driven | undefined;
  for (const page of driven)
    if (!page.isLate && (first === undefined || page.dueMs < first.dueMs)) first = page;
  return first;
}
