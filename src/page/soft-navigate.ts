/**
 * Goes to a page within the application that stands there. The page counts as ready only when the application shows,
 * at the address that was asked for, something that was not there before, when the target's own data requests have
 * their answers, and when it is at rest. Whatever else happens is no failure of the page: it is to be loaded.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright';
import type { PageAnswers } from '../../browser-pool/index.js';
import { type RouteEnd, type RouteOrder, type RouteStep, routeInPage } from './in-page-router.js';

/** The page is to be loaded instead. Its message says why, for a person. */
export class SoftMiss extends Error {}

export interface SoftRoute {
  url: string;
  /** Selector. */
  ready: string;
  /** What else the page may turn out to be: name, and selector of something visible. */
  others: [string, string][];
  /** By what this application was led on before. */
  first: 'history' | 'link';
}

/** Two frames' time where only a change tells; what is wholly new was drawn in one go. */
const BOUNDS = { reactMs: 400, stillMs: 1_500, quietMs: 8, changedQuietMs: 34, restlessMs: 500 };
/** Ready, and its data still on the way. */
const DATA_LIMIT_MS = 3_000;
const LOOK_MS = 10;

const ROUTER = "globalThis[Symbol.for('thresh.router')]";
/** The document does not know the way yet. */
const UNKNOWN = 'unknown';

/** Its source goes to a document once: it is as long as all else that is sent for a page. */
async function callRouter(page: Page, order: RouteOrder): Promise<RouteEnd> {
  const given = `(${JSON.stringify(order)})`;
  const said = await page.evaluate<RouteEnd>(`${ROUTER}?.${given} ?? '${UNKNOWN}'`);
  return said === UNKNOWN ? page.evaluate<RouteEnd>(`(${ROUTER} = ${String(routeInPage)})${given}`) : said;
}

/** By what it went. Throws SoftMiss, or Playwright's own errors. The caller bounds its time. */
export async function navigateSoftly(
  page: Page,
  answers: PageAnswers,
  { first, ...route }: SoftRoute,
): Promise<'history' | 'link'> {
  const order = { ...route, ...BOUNDS, url: new URL(route.url).href };
  const call = (step: RouteStep, anew = false): Promise<RouteEnd> =>
    callRouter(page, { ...order, step, anew });
  let by = first;
  let said = await call(first, true);
  let tries = 1;
  /** By the other way; false when it was tried already. */
  const tryOther = async (): Promise<boolean> => {
    if (tries++ > 1) return false;
    by = by === 'history' ? 'link' : 'history';
    said = await call(by);
    return true;
  };
  for (;;) {
    await answers.catchUp();
    switch (said) {
      case 'ready':
        if (answers.pending === 0) return by;
        await answered(answers);
        said = await call('wait');
        break;
      case 'silent':
        if (answers.pending > 0) said = await call('wait');
        else if (!(await tryOther())) throw new SoftMiss('the application does not react');
        break;
      case 'no-link':
        if (!(await tryOther())) throw new SoftMiss('the application does not react');
        break;
      case 'still':
        if (answers.pending === 0) throw new SoftMiss('the application does not get ready');
        said = await call('wait');
        break;
      case 'elsewhere':
        throw new SoftMiss('the application went to another address');
      case 'refused':
        throw new SoftMiss('the application is at that address already');
      default:
        throw new SoftMiss(`it shows that it is ${said}`);
    }
  }
}

async function answered(answers: PageAnswers): Promise<void> {
  const untilMs = Date.now() + DATA_LIMIT_MS;
  while (answers.pending > 0) {
    if (Date.now() > untilMs) throw new SoftMiss('its data does not come');
    await delay(LOOK_MS);
  }
}
