import { expect, test } from 'vitest';
import { bestFixed } from '../../sim/compare.js';
import { type FarmRun, runFarm } from '../../sim/farm.js';
import { fixedLaw, ourLaw, START_MS } from '../../sim/laws.js';
import { normal, type Random } from '../../sim/random.js';
import { type Scenario, scenarios, tenfold } from '../../sim/scenarios.js';
import { type Asked, kneeTarget } from '../../sim/targets.js';

function scenario(name: string): Scenario {
  const found = scenarios[name];
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
}

function run(of: Scenario, seed = 1): FarmRun {
  return runFarm({ ...of, seed, law: ourLaw(), untilMs: 3_600_000 });
}

test.each([
  'knee',
  'knee 4 to 12',
  'knee 4 to 2',
  'knee, own work 5-10 ms',
  'knee, own work 100-300 ms',
  'knee, jitter 20 %',
  'knee, ten times slower',
  'knee 12, refuses over 30',
])('%s: from cold within 1.10 of the best fixed limit, less than a hundredth refused', (name) => {
  const of = scenario(name);
  const ours = run(of);
  expect(ours.done).toBe(of.pages);
  expect(ours.tookMs / bestFixed(of).run.tookMs).toBeLessThan(1.1);
  expect(ours.refused / ours.requests).toBeLessThan(0.01);
});

// What is left between these and 1: the price of being sure where answers scatter, and of not hurting for a little more.
test.each([
  ['knee, lognormal 0.5', 1.25],
  ['costs 1 and 10, labels', 1.1],
  ['costs 1 and 10, no label', 1.6],
  ['queue M/M/8', 1.4],
  ['linear', 1.75],
  ['CDN', 1.75],
  ['cliff', 4],
] as const)('%s: within %f of the best fixed limit, with three seeds', (name, most) => {
  const of = scenario(name);
  const best = bestFixed(of).run.tookMs;
  for (const seed of [1, 2, 3]) expect(run(of, seed).tookMs / best, `seed ${seed}`).toBeLessThan(most);
});

// An answer that takes five seconds is not seen to be slow before it is there: twice.
test.each([
  [50, 10_000],
  [200, 10_000],
  [500, 20_000],
])(
  'tenfold slower for two minutes (%i ms): a quarter in flight within %i ms, nine tenths back within 20 s',
  (baseMs, fallsMs) => {
    const fromMs = 60_000;
    const toMs = 180_000;
    const target = kneeTarget({ baseMs, refusesOver: 1_000, slow: tenfold(fromMs, toMs) });
    const { ticks } = runFarm({ target, pages: 1_000_000, untilMs: 240_000, law: ourLaw() });
    const meanInFlight = (from: number, to: number) => {
      const span = ticks.filter(({ atMs }) => atMs >= from && atMs < to);
      return span.reduce((sum, { inFlight }) => sum + inFlight, 0) / span.length;
    };
    const before = meanInFlight(fromMs - 20_000, fromMs);
    expect(before).toBeGreaterThan(3.5);
    expect(meanInFlight(fromMs + fallsMs, toMs)).toBeLessThanOrEqual(before / 4 + 0.1);
    expect(meanInFlight(toMs + 20_000, toMs + 40_000)).toBeGreaterThanOrEqual(0.9 * before);
  },
);

test.each([1, 2, 3])(
  'pages that are slow together for a tenth of a second, every second, hold no climb up (seed %i)',
  (seed) => {
    const slow = (nowMs: number) => (nowMs % 1_000 < 120 ? 1.9 : 1);
    const { ticks } = runFarm({
      target: kneeTarget({ knee: 1_000, refusesOver: 10_000, jitter: 0.05, slow }),
      pages: 1_000_000,
      seed,
      untilMs: 6_000,
      law: ourLaw(32),
    });
    expect(ticks.at(-1)?.limit).toBe(32);
  },
);

test('a look at what is unloaded is soon over, also where answers scatter widely and all are a little slow', () => {
  const target = (random: Random) => ({
    answer({ inFlight, nowMs }: Asked) {
      const slow = inFlight > 30 ? 1.15 : nowMs > 30_000 ? 1.3 : 1;
      return { kind: 'served' as const, ms: 200 * slow * Math.exp(0.5 * normal(random)), unloadedMs: 200 };
    },
  });
  const { ticks } = runFarm({ target, pages: 1_000_000, slots: 300, untilMs: 400_000, law: ourLaw(300) });
  const late = ticks.filter(({ atMs }) => atMs > 30_000);
  expect(late.filter(({ limit }) => limit === 1)).toEqual([]);
  expect(late.filter(({ limit }) => limit < 150).length / late.length).toBeLessThan(0.06);
});

test('three times slower within an hour: the limit stays at the knee all the while', () => {
  const slow = (nowMs: number) => 1 + (2 * nowMs) / 3_600_000;
  const { ticks } = runFarm({
    target: kneeTarget({ baseMs: 200, refusesOver: 1_000, slow }),
    pages: 1_000_000,
    untilMs: 3_600_000,
    law: ourLaw(),
  });
  const late = ticks.filter(({ atMs }) => atMs > 600_000);
  const atKnee = late.filter(({ limit }) => limit >= 4 && limit <= 5);
  expect(atKnee.length / late.length).toBeGreaterThan(0.9);
});

test('a target that is three times slower for good is learned within five minutes', () => {
  const slow = (nowMs: number) => (nowMs < 60_000 ? 1 : 3);
  const { ticks } = runFarm({
    target: kneeTarget({ refusesOver: 1_000, slow }),
    pages: 1_000_000,
    untilMs: 600_000,
    law: ourLaw(),
  });
  expect(
    Math.max(...ticks.filter(({ atMs }) => atMs > 70_000 && atMs < 90_000).map(({ limit }) => limit)),
  ).toBe(1);
  const late = ticks.filter(({ atMs }) => atMs > 360_000);
  expect(late.filter(({ limit }) => limit === 4).length / late.length).toBeGreaterThan(0.9);
});

test('a limit that is not used is not raised', () => {
  const law = ourLaw();
  const { ticks } = runFarm({ target: kneeTarget({ knee: 50 }), pages: 2_000, slots: 5, law });
  expect(ticks.at(-1)?.limit).toBeLessThanOrEqual(8);
});

test('a night that starts from what was learned is at the knee at once', () => {
  const of = scenario('knee');
  const first = ourLaw();
  runFarm({ ...of, law: first });
  const learned = first.learned(Date.UTC(2026, 0, 5, 1, 1));
  expect(learned.limit).toBe(4);
  const second = runFarm({ ...of, law: ourLaw(64, learned) });
  expect(second.ticks[0]?.limit).toBe(4);
  expect(second.tookMs / runFarm({ ...of, law: fixedLaw(4) }).tookMs).toBeLessThan(1.04);
});

test('however odd the mix of quick and slow answers, the baseline stays among them', () => {
  for (const seed of [6, 7, 8]) {
    const law = ourLaw();
    runFarm({ ...scenario('CDN'), seed, law, untilMs: 120_000 });
    const cost = law.learned(START_MS + 120_000).hours['1']?.['/document'];
    expect(cost).toBeGreaterThan(3);
    expect(cost).toBeLessThan(300);
  }
});
