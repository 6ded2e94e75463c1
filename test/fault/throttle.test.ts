/**
 * A target with a knee, and three processes of the farm that have never met it: `npm run bench:throttle` in short. What
 * is asked of the target says whether the throttle holds; how fast that is depends on what else the machine does.
 */
import { expect, it } from 'vitest';
import { farmClient } from '../bench/throttle/clients/farm.mjs';
import { measure } from '../bench/throttle/measure.mjs';
import { isLong } from '../support/long.js';

const PAGES = isLong ? 250 : 150;
const KNEE = 4;

it('finds what the target bears, keeps to it over all processes, and is not refused', async () => {
  const { figures, limits, givenUp } = await measure(farmClient({ processes: 3 }), {
    target: { baseMs: 50, knee: KNEE, retryAfterS: 1, twoRequests: false },
    pages: PAGES,
    capS: 180,
  });
  expect({ pages: figures.pages, givenUp }).toEqual({ pages: PAGES, givenUp: 0 });
  expect(figures.refused).toBeLessThan(PAGES * 0.03);
  expect(figures.mean).toBeLessThan(KNEE * 2);
  expect(Math.max(...limits.map(({ limit }) => limit))).toBeGreaterThan(2); // it was begun with two
});
