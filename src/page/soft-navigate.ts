/**
 * Goes to a page within the application that stands there. The page counts as ready only when the application shows,
 * at the address that was asked for, something that was not there before, when the target's own data requests have
 * their answers, and when it is at rest. Whatever else happens is no failure of the page: it is to be loaded.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright';
import type { PageAnswers } from '../../browser-pool/index.js';
import { type RouteAnswer, type RouteOrder, type RouteStep, routeInPage } from './in-page-router.js';

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
  label: string | undefined;
  /** Asked in the page in the moment that it is ready; the same for all pages of a label. */
  expression: string | undefined;
}

/** Two frames' time where only a change tells; what is wholly new was drawn in one go. */
const BOUNDS = { reactMs: 400, stillMs: 1_500, quietMs: 8, changedQuietMs: 34, restlessMs: 500 };
/** Ready, and its data still on the way. */
const DATA_LIMIT_MS = 3_000;
const LOOK_MS = 10;

/** The document does not know the way yet. */
const UNKNOWN = 'unknown';

/** Its source, and that of what is asked, go to a document once a label: they are as long as all else that is sent for a page. */
async function callRouter(
  page: Page,
  order: RouteOrder,
  { label = '', expression = 'undefined' }: Pick<SoftRoute, 'label' | 'expression'>,
): Promise<RouteAnswer> {
  const router = `globalThis[Symbol.for(${JSON.stringify(`thresh.router ${label}`)})]`;
  const given = `(${JSON.stringify(order)})`;
  const said = await page.evaluate<RouteAnswer | typeof UNKNOWN>(`${router}?.${given} ?? '${UNKNOWN}'`);
  if (said !== UNKNOWN) return said;
  const made = `(order) => (${String(routeInPage)})(order, () => ${expression})`;
  return page.evaluate<RouteAnswer>(`(${router} = ${made})${given}`);
}

/** By what it went, and what was answered to `expression`. Throws SoftMiss, or Playwright's own errors. The caller bounds its time. */
export async function navigateSoftly(
  page: Page,
  answers: PageAnswers,
  { first, label, expression, ...route }: SoftRoute,
): Promise<{ by: 'history' | 'link'; answer: unknown }> {
  const order = { ...route, ...BOUNDS, url: new URL(route.url).href };
  const call = (step: RouteStep, anew = false): Promise<RouteAnswer> =>
    callRouter(page, { ...order, step, anew }, { label, expression });
  let by = first;
  let { said, answer } = await call(first, true);
  let tries = 1;
  /** By the other way; false when it was tried already. */
  const tryOther = async (): Promise<boolean> => {
    if (tries++ > 1) return false;
    by = by === 'history' ? 'link' : 'history';
    ({ said, answer } = await call(by));
    return true;
  };
  for (;;) {
    await answers.catchUp();
    switch (said) {
      case 'ready':
        if (answers.pending === 0) return { by, answer };
        await answered(answers);
        ({ said, answer } = await call('wait'));
        break;
      case 'silent':
        if (answers.pending > 0) ({ said, answer } = await call('wait'));
        else if (!(await tryOther())) throw new SoftMiss('the application does not react');
        break;
      case 'no-link':
        if (!(await tryOther())) throw new SoftMiss('the application does not react');
        break;
      case 'still':
        if (answers.pending === 0) throw new SoftMiss('the application does not get ready');
        ({ said, answer } = await call('wait'));
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
