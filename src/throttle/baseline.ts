/**
 * What the target's answers take when our own load on it is low, by class of request: a label's document, and each of
 * its data requests by position. A page's ratio is what it waited for the target by what it would have waited unloaded,
 * so pages of ten times the cost do not disturb each other.
 *
 * A class holds its cost relative to the others; `level` is the whole target's speed and moves by itself: at once when
 * the target turns out faster, slowly when slower. Logarithms throughout: a ratio is a difference, a slowdown of ten
 * weighs as much as a speed-up of ten.
 */
import type { PageSample } from './page-sample.js';

/** Added to every time, ms: jitter of a few milliseconds of a server that answers in five says nothing. */
export const SLACK_MS = 15;

const MAX_CLASSES = 128;
const REST = 'rest';
const LONGEST_MS = 3_600_000;
/** From so many samples on a class is sure enough of its cost not to learn under load. */
const SURE_SAMPLES = 5;
const LEAST_WEIGHT = 0.03;

interface CostClass {
  /** Log of ms and slack, at `level` 0. */
  mean: number;
  samples: number;
}

export interface Baseline {
  /** Log of the page's ratio; undefined when nothing of it was seen before. */
  ratioOf(sample: PageSample): number | undefined;
  /** Under load nothing more is learned of it. */
  isSureOf(sample: PageSample): boolean;
  /** Learns the costs of the page's classes, seen while the target as a whole was slower by `shift` (log). */
  learn(sample: PageSample, seen: { shift: number; lowLoad: boolean }): void;
  /** The target as a whole is faster or slower than believed by so much (log). */
  move(shift: number): void;
  /** By how much (log) other costs of the same classes are higher; undefined when there is none. */
  distanceTo(costs: Readonly<Record<string, number>>): number | undefined;
  /** Unloaded ms by class. */
  costs(): Record<string, number>;
}

/** `costs`: unloaded ms by class, as `costs()` gave them. */
export function createBaseline(costs: Readonly<Record<string, number>>): Baseline {
  const classes = new Map<string, CostClass>();
  let level = 0;
  const classOf = (part: string): string => (classes.has(part) || classes.size < MAX_CLASSES ? part : REST);
  for (const [name, ms] of Object.entries(costs).slice(0, MAX_CLASSES)) {
    classes.set(name, { mean: Math.log(ms + SLACK_MS), samples: SURE_SAMPLES });
  }

  return {
    ratioOf(sample) {
      let waited = 0;
      let expected = 0;
      for (const [name, ms] of partsOf(sample)) {
        const known = classes.get(name) ?? (classes.size >= MAX_CLASSES ? classes.get(REST) : undefined);
        if (known === undefined) continue;
        waited += ms + SLACK_MS;
        expected += Math.exp(known.mean + level);
      }
      return expected > 0 ? Math.log(waited / expected) : undefined;
    },

    isSureOf: (sample) =>
      partsOf(sample).every(([part]) => (classes.get(classOf(part))?.samples ?? 0) >= SURE_SAMPLES),

    learn(sample, { shift, lowLoad }) {
      for (const [part, ms] of partsOf(sample)) {
        const name = classOf(part);
        const cost = Math.log(ms + SLACK_MS) - level - shift;
        const known = classes.get(name);
        if (known === undefined) classes.set(name, { mean: cost, samples: 1 });
        else if (lowLoad || known.samples < SURE_SAMPLES) {
          known.samples += 1;
          known.mean += (cost - known.mean) * Math.max(1 / known.samples, LEAST_WEIGHT);
        }
      }
    },

    move(shift) {
      level += shift;
    },

    distanceTo(costs) {
      let sum = 0;
      let shared = 0;
      for (const [name, { mean }] of classes) {
        const ms = costs[name];
        if (ms === undefined) continue;
        sum += Math.log(ms + SLACK_MS) - mean - level;
        shared += 1;
      }
      return shared === 0 ? undefined : sum / shared;
    },

    costs() {
      const sure: Record<string, number> = {};
      for (const [name, { mean }] of classes) {
        sure[name] = Math.max(0, Math.round((Math.exp(mean + level) - SLACK_MS) * 10) / 10);
      }
      return sure;
    },
  };
}

function partsOf(sample: PageSample): [string, number][] {
  const parts: [string, number][] = [];
  if (isTime(sample.documentMs)) parts.push([`${sample.label}/document`, sample.documentMs]);
  sample.dataMs.slice(0, 20).forEach((ms, position) => {
    if (isTime(ms)) parts.push([`${sample.label}/data${position}`, ms]);
  });
  return parts;
}

function isTime(ms: number | undefined): ms is number {
  return ms !== undefined && ms >= 0 && ms <= LONGEST_MS;
}
