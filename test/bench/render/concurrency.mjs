// @ts-check
/** How many pages in flight are best for the hand-written loop: what all are given that do not find it themselves. */
import { CONTENDERS } from './contenders/contenders.mjs';
import { measure } from './measure.mjs';
import { caseOf } from './plan.mjs';

/** @typedef {import('./course.mjs').Lane} Lane */

const TRIED = { load: [2, 3, 4, 6], soft: [4, 6, 8, 12] };
/** Of a run's pages. */
const SHARE = 0.4;

/**
 * @param {{ lanes: readonly Lane[], pages: number, executablePath: string, shop: import('./shop-process.mjs').ShopProcess, progress: (said: string) => void }} how
 * @returns {Promise<Record<Lane, number>>}
 */
export async function findConcurrency({ lanes, pages, executablePath, shop, progress }) {
  const contender = CONTENDERS.find(({ id }) => id === 'playwright');
  if (contender === undefined) throw new Error('there is no loop on Playwright');
  const best = { load: 4, soft: 8 };
  for (const lane of lanes) {
    const { pages: some, warmUp } = caseOf({ contender, kind: 'detail', lane, pages: pages * SHARE });
    let most = 0;
    for (const concurrency of TRIED[lane]) {
      const assignment = { kind: /** @type {const} */ ('detail'), lane, pages: some, warmUp, concurrency };
      const { warm } = await measure(contender, { ...assignment, executablePath, capS: 120 }, shop);
      progress(`  ${lane}, ${concurrency} in flight: ${warm.pagesPerSecond.toFixed(1)} pages/s`);
      if (warm.pagesPerSecond <= most) continue;
      most = warm.pagesPerSecond;
      best[lane] = concurrency;
    }
  }
  return best;
}
