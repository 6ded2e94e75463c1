import { expect, test } from 'vitest';
import { runFarm } from '../../sim/farm.js';
import { ourLaw, START_MS } from '../../sim/laws.js';
import { kneeTarget, rateTarget } from '../../sim/targets.js';

const pages = 1_000;

test.each([
  ['as told by Retry-After', { retryAfterMs: 1_000 }],
  ['without Retry-After', { retryAfterMs: undefined }],
  ['pages of two seconds', { baseMs: 2_000 }],
  ['a bucket of twenty', { burst: 20 }],
])(
  'a site that refuses over 4 pages a second, %s: less than a fiftieth refused from cold, at most a fifth slower',
  (_name, options) => {
    const run = runFarm({ target: rateTarget(options), pages, law: ourLaw() });
    expect(run.done).toBe(pages);
    expect(run.refused / run.requests).toBeLessThan(0.02);
    expect(run.tookMs).toBeLessThan(1.2 * 250_000);
  },
);

test('... and under 1 % the night after, bound from its first page on', () => {
  const first = ourLaw();
  runFarm({ target: rateTarget(), pages, law: first });
  const learned = first.learned(START_MS + 300_000);
  expect(learned.perSecond).toBeGreaterThan(3.3);
  expect(learned.perSecond).toBeLessThan(4.3);
  const second = runFarm({ target: rateTarget(), pages, law: ourLaw(64, learned) });
  expect(second.refused / second.requests).toBeLessThan(0.01);
  expect(second.tookMs).toBeLessThan(1.15 * 250_000);
  expect(second.ticks.at(-1)?.why).toBe('rate');
});

test('refusals that are due to the number in flight leave no bound on the rate', () => {
  const law = ourLaw();
  const run = runFarm({ target: kneeTarget({ knee: 12 }), pages: 5_000, law });
  expect(run.refused).toBeGreaterThan(0);
  expect(run.refused / run.requests).toBeLessThan(0.01);
  expect(law.learned(START_MS + run.tookMs).perSecond).toBeUndefined();
  expect(run.ticks.at(-1)?.limit).toBeGreaterThanOrEqual(9);
});
