/** What the laws are compared on: a target, and how many pages of it. */
import type { FarmOptions } from './farm.js';
import {
  cdnTarget,
  cliffTarget,
  kneeTarget,
  linearTarget,
  mixedTarget,
  queueTarget,
  rateTarget,
} from './targets.js';

export type Scenario = Omit<FarmOptions, 'law'>;

const knee = { target: kneeTarget(), pages: 1_000 };

/** Ten times slower between two instants. */
export function tenfold(fromMs: number, toMs: number): (nowMs: number) => number {
  return (nowMs) => (nowMs >= fromMs && nowMs < toMs ? 10 : 1);
}

export const scenarios: Record<string, Scenario> = {
  knee,
  'knee 4 to 12': { ...knee, target: kneeTarget({ moved: { afterPages: 500, knee: 12 } }) },
  'knee 4 to 2': { ...knee, target: kneeTarget({ moved: { afterPages: 500, knee: 2 } }) },
  'knee, own work 5-10 ms': { ...knee, localMs: [5, 10] },
  'knee, own work 100-300 ms': { ...knee, localMs: [100, 300] },
  'knee, jitter 20 %': { ...knee, target: kneeTarget({ jitter: 0.2 }) },
  'knee, lognormal 0.5': { ...knee, target: kneeTarget({ noise: 0.5 }) },
  'knee, ten times slower': { ...knee, target: kneeTarget({ baseMs: 500 }) },
  'knee 12, refuses over 30': { target: kneeTarget({ knee: 12, refusesOver: 30 }), pages: 3_000 },
  linear: { target: linearTarget(), pages: 2_000 },
  cliff: { target: cliffTarget(), pages: 5_000 },
  'queue M/M/8': { target: queueTarget(), pages: 5_000 },
  'costs 1 and 10, labels': {
    target: mixedTarget(),
    pages: 3_000,
    labelOf: (page) => (page % 2 === 0 ? 'cheap' : 'dear'),
  },
  'costs 1 and 10, no label': { target: mixedTarget(), pages: 3_000 },
  CDN: { target: cdnTarget(), pages: 10_000 },
  'refuses over 4 a second': { target: rateTarget(), pages: 1_000 },
  'tenfold for 2 minutes': {
    target: kneeTarget({ refusesOver: 1_000, slow: tenfold(30_000, 150_000) }),
    pages: 8_000,
  },
};
