import { type FarmOptions, runFarm } from './farm.js';
import { fixedLaw, type Law, ourLaw } from './laws.js';
import * as t from './targets.js';

const cases: Record<string, Omit<FarmOptions, 'law'>> = {
  knee: { target: t.kneeTarget(), pages: 1000 },
  'knee 4->12': { target: t.kneeTarget({ moved: { afterPages: 500, knee: 12 } }), pages: 1000 },
  'knee 4->12 edge30': {
    target: t.kneeTarget({ moved: { afterPages: 500, knee: 12 }, refusesOver: 30 }),
    pages: 1000,
  },
  'knee 4->2': { target: t.kneeTarget({ moved: { afterPages: 500, knee: 2 } }), pages: 1000 },
  'knee local': { target: t.kneeTarget(), pages: 1000, localMs: [5, 10] },
  'knee local200': { target: t.kneeTarget(), pages: 1000, localMs: [100, 300] },
  'knee jitter': { target: t.kneeTarget({ jitter: 0.2 }), pages: 1000 },
  'knee lognormal': { target: t.kneeTarget({ noise: 0.5 }), pages: 1000 },
  'knee x10': { target: t.kneeTarget({ baseMs: 500 }), pages: 1000 },
  'knee12 cold': { target: t.kneeTarget({ knee: 12 }), pages: 1000 },
  'knee12 e30': { target: t.kneeTarget({ knee: 12, refusesOver: 30 }), pages: 3000 },
  'ten50': { target: t.kneeTarget({ baseMs: 50, refusesOver: 1000, slow: (m) => (m >= 60000 && m < 180000 ? 10 : 1) }), pages: 12000 },
  'ten500': { target: t.kneeTarget({ baseMs: 500, refusesOver: 1000, slow: (m) => (m >= 60000 && m < 180000 ? 10 : 1) }), pages: 1200 },
  linear: { target: t.linearTarget(), pages: 2000 },
  cliff: { target: t.cliffTarget(), pages: 5000 },
  queue: { target: t.queueTarget(), pages: 5000 },
  'mixed labels': { target: t.mixedTarget(), pages: 3000, labelOf: (p) => (p % 2 ? 'dear' : 'cheap') },
  'mixed unlabelled': { target: t.mixedTarget(), pages: 3000 },
  cdn: { target: t.cdnTarget(), pages: 10000 },
  rate: { target: t.rateTarget(), pages: 1000 },
  'rate no RA': { target: t.rateTarget({ retryAfterMs: undefined }), pages: 1000 },
  'rate slow pages': { target: t.rateTarget({ baseMs: 2000 }), pages: 1000 },
  hour: {
    target: t.kneeTarget({ slow: (ms) => 1 + (2 * Math.min(ms, 3.6e6)) / 3.6e6, refusesOver: 1000 }),
    pages: 150000,
  },
  down: { target: t.downTarget([20000, 200000]), pages: 5000 },
};
if (process.env.DEBUG) (globalThis as any).DEBUG = 1;
const only = process.argv[2];
for (const [name, c] of Object.entries(cases)) {
  if (only && name !== only) continue;
  let best = { n: 0, ms: Infinity };
  const known: Record<string, number> = {
    knee: 12.5,
    'knee 4->12': 12.5,
    'knee 4->12 edge30': 12.5,
    'knee 4->2': 25,
    'knee local': 14.4,
    'knee local200': 25.5,
    'knee jitter': 12.5,
    'knee lognormal': 14.3,
    'knee x10': 125,
    'knee12 cold': 5,
    'knee12 e30': 12.5,
    linear: 25,
    cliff: 25,
    queue: 62,
    'mixed labels': 137.7,
    'mixed unlabelled': 136.3,
    cdn: 56.7,
    rate: 251.5,
    'rate no RA': 251.5,
    'rate slow pages': 253.5,
    down: 242.5,
  };
  if (known[name]) best = { n: 0, ms: known[name]! * 1000 };
  else if (c.pages <= 10000)
    for (let n = 1; n <= 40; n++) {
      const r = runFarm({ ...c, law: fixedLaw(n), untilMs: 2e6 });
      if (r.done >= c.pages && r.tookMs < best.ms) best = { n, ms: r.tookMs };
    }
  const c0 = process.cpuUsage();
  const r = runFarm({ ...c, seed: Number(process.env.SEED ?? 1), law: ourLaw(64) });
  const cpu = process.cpuUsage(c0).user / 1e3;
  console.log(
    name.padEnd(18),
    'best',
    best.n,
    (best.ms / 1000).toFixed(1),
    'ours',
    (r.tookMs / 1000).toFixed(1),
    'rel',
    (r.tookMs / best.ms).toFixed(3),
    'ref',
    r.refused,
    'fail',
    r.failed,
    'p95',
    r.p95Ratio.toFixed(2),
    'inflight',
    r.meanInFlight.toFixed(1),
    'cpu',
    cpu.toFixed(0),
  );
  if (only) {
    let last = '';
    for (const k of r.ticks) {
      const s = k.limit + k.why;
      if (s !== last || process.argv[3])
        console.log((k.atMs / 1000).toFixed(1), k.limit, k.inFlight, k.done, k.why);
      last = s;
    }
  }
}
