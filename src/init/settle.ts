/** Waits until a page that nobody knows yet shows what it is going to show. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright';
import type { Lease } from '../../browser-pool/index.js';
import { evaluateApart } from '../page/apart.js';

/** Unchanged for so long, with no data under way: it is what it will be. */
const QUIET_MS = 900;
/** It never comes to rest: after so long it is taken as it is. */
const LONGEST_MS = 15_000;
const LOOK_EVERY_MS = 150;
const LOOK_LIMIT_MS = 5_000;

/** Never throws for what the page does; a page whose document goes is asked again. */
export async function settle(page: Page, { answers }: Pick<Lease, 'answers'>): Promise<void> {
  const untilMs = performance.now() + LONGEST_MS;
  let last = '';
  let sinceMs = performance.now();
  while (performance.now() < untilMs && !page.isClosed()) {
    const now = await evaluateApart(page, `(${String(stateOf)})()`, LOOK_LIMIT_MS).catch(() => '');
    if (now !== last || now === '' || answers.pending > 0) {
      last = String(now);
      sinceMs = performance.now();
    } else if (performance.now() - sinceMs >= QUIET_MS) return;
    await delay(LOOK_EVERY_MS);
  }
}

/** Runs in the page: '' until the document has been read; another text when it shows something else. */
function stateOf(): string {
  if (document.readyState === 'loading') return '';
  const elements = document.getElementsByTagName('*').length;
  const { body } = document;
  const texts = body === null ? 0 : (body.textContent ?? '').length;
  return `${location.href} ${document.readyState} ${elements} ${texts}`;
}
