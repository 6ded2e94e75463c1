/** All laws on all scenarios: the table of docs/decisions/0010-throttle-law.md. */
import { type FarmRun, runFarm } from './farm.js';
import { aimdLaw, autoThrottleLaw, crawleeLaw, fixedLaw, type Law, ourLaw } from './laws.js';
import { bbrLaw, gradient2Law, vegasLaw } from './laws-of-networks.js';
import { type Scenario, scenarios } from './scenarios.js';

const LONGEST_MS = 1_800_000;
const SWEEP = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40];

const laws: Record<string, () => Law> = {
  Thresh: () => ourLaw(),
  'AIMD on latency': () => aimdLaw(),
  'Netflix Gradient2': () => gradient2Law(),
  'Netflix Vegas': () => vegasLaw(),
  'BBR-like': () => bbrLaw(),
  'Scrapy AutoThrottle': () => autoThrottleLaw(),
  'Crawlee-like': () => crawleeLaw(),
  '16 fixed': () => fixedLaw(16),
};

/** The quickest fixed limit, found by trying them. */
export function bestFixed(scenario: Scenario): { limit: number; run: FarmRun } {
  let best: { limit: number; run: FarmRun } | undefined;
  for (const limit of SWEEP) {
    const run = runFarm({ ...scenario, law: fixedLaw(limit), untilMs: best?.run.tookMs ?? LONGEST_MS });
    if (run.done >= scenario.pages && run.tookMs < (best?.run.tookMs ?? LONGEST_MS)) best = { limit, run };
  }
  if (best === undefined) throw new Error('no fixed limit gets through');
  return best;
}

export function printComparison(): void {
  console.log(
    'A cell: time by that of the best fixed limit; 429s of all requests; p95 of the response time by unloaded; mean in flight.\n',
  );
  console.log(`| target | best fixed | ${Object.keys(laws).join(' | ')} |`);
  console.log(
    `| --- | --- | ${Object.keys(laws)
      .map(() => '---')
      .join(' | ')} |`,
  );
  for (const [name, scenario] of Object.entries(scenarios)) {
    const best = bestFixed(scenario);
    const cells = Object.values(laws).map((law) => {
      const run = runFarm({ ...scenario, law: law(), untilMs: LONGEST_MS });
      const time = run.done < scenario.pages ? 'not done' : (run.tookMs / best.run.tookMs).toFixed(2);
      return `${time}; ${percent(run.refused / run.requests)}; ${run.p95Ratio.toFixed(1)}; ${run.meanInFlight.toFixed(0)}`;
    });
    console.log(
      `| ${name} | ${best.limit}: ${(best.run.tookMs / 1_000).toFixed(1)} s | ${cells.join(' | ')} |`,
    );
  }
}

function percent(share: number): string {
  return share === 0 ? '0' : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
