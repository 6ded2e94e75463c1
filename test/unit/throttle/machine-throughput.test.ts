/** The law by simulation: machines as curves of pages a second over pages in flight, with noise that lasts for seconds. */
import { describe, expect, test } from 'vitest';
import { initialThroughput, nextThroughput } from '../../../src/throttle/machine-throughput.js';
import { createRandom, normal } from '../../sim/random.js';

const LOOK_MS = 500;
const NOISE_LASTS_S = 5;
const LEAST = 2;
const SEEDS = Array.from({ length: 12 }, (_, seed) => seed + 1);

interface Now {
  slots: number;
  seconds: number;
}

interface Run {
  begin?: number;
  most?: (now: { seconds: number }) => number;
  minutes?: number;
  /** Standard deviation of the pace, as a share of it. */
  noise?: number;
  seed?: number;
  /** Pages that there are to do, or that the target bears, at once. */
  wanted?: (now: { seconds: number }) => number;
}

interface Look {
  seconds: number;
  slots: number;
  kept: number;
  isFound: boolean;
  /** Without the noise. */
  pace: number;
}

type Machine = (now: Now) => number;

const saturating =
  (knee: number, top = 8): Machine =>
  ({ slots }) =>
    (Math.min(slots, knee) / knee) * top;
const falling =
  (knee: number, top = 8): Machine =>
  ({ slots }) =>
    slots <= knee ? (slots / knee) * top : top * (knee / slots) ** 0.4;
/** Half of what it can do at half of the knee, four fifths at the knee. */
const rounded =
  (knee: number, top = 8): Machine =>
  ({ slots }) =>
    top * (1 - Math.exp((-1.6 * slots) / knee));

function simulate(machine: Machine, run: Run = {}): Look[] {
  const { begin = 6, most = () => 32, minutes = 30, noise = 0.1, seed = 1, wanted = () => 1_000 } = run;
  const random = createRandom(seed);
  const lasts = Math.exp(-LOOK_MS / 1_000 / NOISE_LASTS_S);
  let state = initialThroughput({ slots: begin, nowMs: 0 });
  let completed = 0;
  let off = 0;
  const looks: Look[] = [];
  for (let nowMs = LOOK_MS; nowMs <= minutes * 60_000; nowMs += LOOK_MS) {
    const seconds = nowMs / 1_000;
    off = lasts * off + Math.sqrt(1 - lasts ** 2) * noise * normal(random);
    const pace = machine({ slots: Math.min(state.slots, wanted({ seconds })), seconds });
    const pages = (pace * Math.exp(off) * LOOK_MS) / 1_000;
    completed += Math.max(0, pages + Math.sqrt(0.3 * pages) * normal(random));
    const seen = { completed: Math.floor(completed), isBound: state.slots < wanted({ seconds }) };
    state = nextThroughput(state, seen, { most: most({ seconds }), least: LEAST, nowMs });
    looks.push({ seconds, slots: state.slots, kept: state.kept, isFound: state.isFound, pace });
  }
  return looks;
}

const mean = (numbers: number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
const after = (looks: Look[], seconds: number): Look[] => looks.filter((look) => look.seconds > seconds);
const keptOf = (looks: Look[]): number => mean(looks.map(({ kept }) => kept));
const paceOf = (looks: Look[]): number => mean(looks.map(({ pace }) => pace));
const changes = (looks: Look[]): number =>
  looks.filter(({ kept }, at) => kept !== (looks[at - 1]?.kept ?? kept)).length;
const reversals = (looks: Look[]): number => {
  const steps = looks.map(({ kept }, at) => Math.sign(kept - (looks[at - 1]?.kept ?? kept))).filter(Boolean);
  return steps.filter((step, at) => at > 0 && step !== steps[at - 1]).length;
};
/** The second half hour of each seed. */
const settled = (machine: Machine, run: Run): Look[][] =>
  SEEDS.map((seed) => after(simulate(machine, { minutes: 60, seed, ...run }), 1_800));

describe('ends where more gets no more done', () => {
  test.each([
    { what: 'saturating at 3', machine: saturating(3), knee: 3, top: 8 },
    { what: 'saturating at 5', machine: saturating(5), knee: 5, top: 8 },
    { what: 'saturating at 10', machine: saturating(10), knee: 10, top: 8 },
    { what: 'falling beyond 4', machine: falling(4), knee: 4, top: 8 },
    { what: 'falling beyond 12', machine: falling(12, 12), knee: 12, top: 12 },
    { what: 'saturating at 8, a page and a half a second', machine: saturating(8, 1.5), knee: 8, top: 1.5 },
  ])('$what', ({ machine, knee, top }) => {
    const runs = settled(machine, {});
    const slots = median(runs.map(keptOf));
    expect(slots).toBeGreaterThan(knee - 1);
    expect(slots).toBeLessThanOrEqual(Math.max(knee + 2, 1.4 * knee));
    expect(median(runs.map(paceOf)) / top).toBeGreaterThan(0.95);
    expect(Math.min(...runs.map(paceOf)) / top).toBeGreaterThan(0.88);
  });

  test.each([5, 10])('rounded at %i: 19 of 20 pages of what it can do', (knee) => {
    const paces = settled(rounded(knee), {}).map(paceOf);
    expect(median(paces) / 8).toBeGreaterThan(0.95);
  });

  test('from far too many it comes down', () => {
    const runs = settled(falling(4), { begin: 32 });
    expect(Math.abs(median(runs.map(keptOf)) - 4)).toBeLessThanOrEqual(1);
    expect(median(settled(saturating(5), { begin: 32 }).map(keptOf))).toBeLessThan(9);
  });

  test('as long as more bring more it goes up to all there are, within a minute and a half', () => {
    for (const seed of SEEDS) {
      const looks = simulate(({ slots }) => 0.8 * slots, { seed, minutes: 10 });
      expect(looks.find(({ kept }) => kept === 32)?.seconds).toBeLessThan(90);
      expect(Math.min(...after(looks, 120).map(({ kept }) => kept))).toBeGreaterThan(20);
    }
  });
});

describe('a machine whose pace is off by 15 % for seconds on end', () => {
  const run = { noise: 0.15 };

  test('costs little of what it can do', () => {
    for (const machine of [saturating(5), saturating(10), falling(4)])
      expect(median(settled(machine, run).map(paceOf)) / 8).toBeGreaterThan(0.95);
  });

  test('does not make it swing, nor walk down', () => {
    const runs = settled(saturating(8), run);
    expect(median(runs.map(reversals))).toBeLessThanOrEqual(5);
    expect(Math.max(...runs.map(reversals))).toBeLessThanOrEqual(10);
    for (const looks of runs) expect(keptOf(looks)).toBeGreaterThan(6);
    expect(Math.min(...runs.map(paceOf)) / 8).toBeGreaterThan(0.9);
  });
});

test('a pace that nothing changes leads to the least that is tried, and no lower', () => {
  const runs = settled(() => 8, {});
  expect(median(runs.map(keptOf))).toBeLessThan(4);
  expect(Math.min(...runs.flat().map(({ slots }) => slots))).toBe(LEAST);
});

test('a machine without noise stays at its knee but for rare trials', () => {
  const looks = after(simulate(falling(6), { noise: 0 }), 300);
  expect(changes(looks)).toBe(0);
  expect(mean(looks.map(({ slots, kept }) => (slots === kept ? 1 : 0)))).toBeGreaterThan(0.8);
});

describe('what is not the slots’ doing', () => {
  test('a target that bears fewer: nothing is tried', () => {
    const looks = simulate(saturating(3), { wanted: () => 5 });
    expect(new Set(looks.map(({ slots }) => slots))).toEqual(new Set([6]));
  });

  test('a target that bears one more: that one is found', () => {
    for (const seed of SEEDS) {
      const looks = simulate(({ slots }) => slots, { wanted: () => 8, seed, minutes: 5 });
      expect(Math.max(...looks.map(({ kept }) => kept))).toBe(7);
      expect(changes(looks)).toBe(1);
    }
  });

  test('a queue that runs empty ends a trial, whatever it showed', () => {
    const looks = simulate(saturating(4), { wanted: ({ seconds }) => (seconds < 12 ? 1_000 : 0) });
    expect(looks.some(({ slots, kept }) => slots !== kept)).toBe(true);
    expect(new Set(after(looks, 22).map(({ slots }) => slots))).toEqual(new Set([6]));
  });
});

test('other pages: what was found is found anew', () => {
  const paces = SEEDS.map((seed) => {
    const machine: Machine = (now) => (now.seconds < 1_200 ? falling(4)(now) : saturating(12, 30)(now));
    const looks = simulate(machine, { seed, minutes: 40 });
    expect(keptOf(after(looks, 600).filter(({ seconds }) => seconds < 1_200))).toBeLessThan(6);
    return paceOf(after(looks, 1_200 + 180));
  });
  expect(median(paces) / 30).toBeGreaterThan(0.95);
});

test('what the machine allows holds at once, and what was found comes back after it', () => {
  const looks = simulate(saturating(8), {
    noise: 0,
    most: ({ seconds }) => (seconds > 600 && seconds < 700 ? 2 : 32),
  });
  const found = looks.find(({ seconds }) => seconds === 600)?.kept;
  const cut = looks.filter(({ seconds }) => seconds > 600 && seconds < 700);
  expect(new Set(cut.map(({ slots }) => slots))).toEqual(new Set([2]));
  expect(looks.find(({ seconds }) => seconds === 700)?.slots).toBe(found);
});

test('a batch of a hundred pages is hardly touched: one step is tried, when it has shown what the first slots do', () => {
  for (const seed of SEEDS) {
    const looks = simulate(saturating(5), { seed, minutes: 0.2 });
    const tried = looks.filter(({ slots }) => slots !== 6);
    expect(tried[0]?.seconds).toBeGreaterThanOrEqual(4);
    expect(new Set(tried.map(({ slots }) => slots))).toEqual(new Set([9]));
  }
});
