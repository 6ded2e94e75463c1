/**
 * A target with a knee, and three processes of the farm that have never met it: `npm run bench:throttle` in short, with
 * bounds that hold on a machine that is busy with something else.
 */
import { expect, it } from 'vitest';
import { farmClient } from '../bench/throttle/clients/farm.mjs';
import { fixedClient } from '../bench/throttle/clients/fixed.mjs';
import { measure } from '../bench/throttle/measure.mjs';

const PAGES = 250;
const KNEE = 4;
const setup = {
  target: { baseMs: 50, knee: KNEE, retryAfterS: 1, twoRequests: false },
  pages: PAGES,
  capS: 120,
};

it('finds what the target bears, keeps to it over all processes, and is not refused', async () => {
  const { figures, limits, givenUp } = await measure(farmClient({ processes: 3 }), setup);
  const best = await measure(fixedClient(KNEE), setup);
  expect({ pages: figures.pages, givenUp }).toEqual({ pages: PAGES, givenUp: 0 });
  expect(figures.refused).toBeLessThan(PAGES * 0.03);
  expect(figures.mean).toBeLessThan(KNEE * 2);
  expect(limits.length).toBeGreaterThan(1);
  expect(figures.seconds).toBeLessThan(best.figures.seconds * 4 + 5);
});
