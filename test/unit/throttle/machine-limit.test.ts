/** The law by simulation: machines as models, a reading twice a second. */
import { describe, expect, test } from 'vitest';
import {
  initialMachine,
  type MachineReading,
  type MachineReason,
  type MachineState,
  nextMachine,
} from '../../../src/throttle/machine-limit.js';

const EVERY_MS = 500;
const WELL: MachineReading = {
  lagMs: 5,
  cpuPressure: 0.3,
  cpus: 2,
  usedMb: 400,
  budgetMb: 2_000,
  free: { mb: 6_000, ofMb: 8_000 },
};

type Machine = (now: { slots: number; seconds: number; renewed: number }) => Partial<MachineReading>;

interface Step {
  seconds: number;
  slots: number;
  reason: MachineReason | undefined;
  reading: MachineReading;
  renewed: number;
}

/** Readings are true of the slots of the reading before. */
function simulate(machine: Machine, { concurrency = 8, minutes = 10 } = {}): Step[] {
  let state: MachineState = initialMachine({ concurrency, nowMs: 0 });
  let renewed = 0;
  const steps: Step[] = [];
  for (let nowMs = EVERY_MS; nowMs <= minutes * 60_000; nowMs += EVERY_MS) {
    const seconds = nowMs / 1_000;
    const reading = { ...WELL, ...machine({ slots: state.slots, seconds, renewed }) };
    state = nextMachine(state, reading, { concurrency, nowMs });
    if (state.renewBrowser) renewed += 1;
    steps.push({ seconds, slots: state.slots, reason: state.reason, reading, renewed });
  }
  return steps;
}

const cuts = (steps: Step[]): number =>
  steps.filter(({ slots }, at) => slots < (steps[at - 1]?.slots ?? slots)).length;
const raises = (steps: Step[]): number =>
  steps.filter(({ slots }, at) => slots > (steps[at - 1]?.slots ?? slots)).length;
const at = (steps: Step[], seconds: number): Step => {
  const step = steps.find((one) => one.seconds >= seconds);
  if (step === undefined) throw new Error('the simulation is too short');
  return step;
};
const average = (steps: Step[]): number => steps.reduce((sum, { slots }) => sum + slots, 0) / steps.length;

/** The same for the same seed. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe('a machine that is well', () => {
  test('keeps all its slots, and nothing is named', () => {
    const steps = simulate(() => ({}));
    expect(new Set(steps.map(({ slots }) => slots))).toEqual(new Set([8]));
    expect(steps.at(-1)?.reason).toBeUndefined();
  });

  test('busy to the brim, but with an event loop in time: that is what it is for', () => {
    const random = noise(7);
    const steps = simulate(() => ({ cpuPressure: 0.95 + 0.05 * random(), lagMs: 20 + 120 * random() }), {
      minutes: 60,
    });
    expect(Math.min(...steps.map(({ slots }) => slots))).toBe(8);
  });

  test('single late turns of the event loop cost nothing', () => {
    const steps = simulate(({ seconds }) => ({ lagMs: seconds % 20 === 0 ? 1_500 : 20 }), { minutes: 30 });
    expect(cuts(steps)).toBe(0);
  });

  test('no bound and nothing known of the machine: all slots', () => {
    const steps = simulate(() => ({
      budgetMb: Number.POSITIVE_INFINITY,
      free: undefined,
      cpuPressure: undefined,
    }));
    expect(cuts(steps)).toBe(0);
  });
});

describe('memory', () => {
  const paged: Machine = ({ slots }) => ({ usedMb: 300 + 250 * slots });

  test('that pages use up is cut at once, and ends just below where it was too much', () => {
    const steps = simulate(paged, { concurrency: 16, minutes: 60 });
    const over = steps.filter(({ reading }) => reading.usedMb > reading.budgetMb);
    expect(over.at(-1)?.seconds).toBeLessThan(5);
    const late = steps.filter(({ seconds }) => seconds > 600);
    expect(average(late)).toBeGreaterThan(3.5); // at 70 %: 4.4 pages; at 80 %: 5.2
    expect(Math.max(...late.map(({ reading }) => reading.usedMb))).toBeLessThanOrEqual(2_000);
    expect(late.every(({ reason }) => reason === 'memory')).toBe(true);
  });

  test.each([60, 120, 180, 250, 330])('with pages of %i MB it does not swing', (pageMb) => {
    const steps = simulate(({ slots }) => ({ usedMb: 300 + pageMb * slots }), {
      concurrency: 16,
      minutes: 120,
    });
    expect(cuts(steps.filter(({ seconds }) => seconds < 3_600))).toBeLessThanOrEqual(10);
    expect(cuts(steps.filter(({ seconds }) => seconds >= 3_600))).toBeLessThanOrEqual(4); // one trial each 15 minutes
  });

  test('memory that comes and goes 5 s late, and noise, do not make it swing either', () => {
    const random = noise(3);
    let lagging = 400;
    const steps = simulate(
      ({ slots }) => {
        lagging += (300 + 200 * slots - lagging) * 0.1;
        return { usedMb: lagging * (0.95 + 0.1 * random()) };
      },
      { concurrency: 16, minutes: 120 },
    );
    const late = steps.filter(({ seconds }) => seconds > 600);
    expect(late.filter(({ reading }) => reading.usedMb > reading.budgetMb)).toEqual([]);
    expect(raises(late)).toBeLessThan(40);
    expect(average(late)).toBeGreaterThan(3.5);
  });

  test('a page that fills a gigabyte a second meets one slot within four seconds', () => {
    const steps = simulate(({ seconds }) => ({ usedMb: 400 + Math.max(0, seconds - 10) * 1_000 }), {
      concurrency: 16,
      minutes: 1,
    });
    const near = steps.find(({ reading }) => reading.usedMb > 1_600)?.seconds ?? 0;
    expect(steps.find(({ slots }) => slots === 1)?.seconds).toBeLessThanOrEqual(near + 4);
  });

  test('of many slots, of which few are in use, it is those that are cut', () => {
    const now = { concurrency: 32, inUse: 6 };
    const over = { ...WELL, usedMb: 2_100 };
    const first = nextMachine(initialMachine({ ...now, nowMs: 0 }), over, { ...now, nowMs: 500 });
    expect(first).toMatchObject({ slots: 3, reason: 'memory' });
    expect(nextMachine(first, over, { ...now, inUse: 3, nowMs: 1_500 }).slots).toBe(1);
  });

  test('that others take from the machine counts as well, and is forgotten when they give it back', () => {
    const steps = simulate(({ seconds }) => ({
      free: { mb: seconds > 60 && seconds < 180 ? 300 : 6_000, ofMb: 8_000 },
    }));
    expect(at(steps, 65)).toMatchObject({ slots: 1, reason: 'memory' });
    expect(at(steps, 175).slots).toBe(1);
    expect(at(steps, 180 + 75)).toMatchObject({ slots: 8, reason: undefined });
    expect(raises(steps)).toBe(7);
  });

  test('of a machine with 256 GB is not short with 4 GB left', () => {
    expect(cuts(simulate(() => ({ free: { mb: 4_000, ofMb: 262_144 } })))).toBe(0);
  });

  test('over the budget with one slot: the browser is replaced, and not over and over', () => {
    const helped = simulate(({ renewed, slots }) => ({
      usedMb: renewed === 0 ? 2_500 : 300 + 100 * slots,
    }));
    expect(helped.at(-1)).toMatchObject({ renewed: 1, slots: 8, reason: undefined });
    const inVain = simulate(() => ({ usedMb: 2_500 }), { minutes: 10 });
    expect(inVain.at(-1)).toMatchObject({ slots: 1, reason: 'memory' });
    expect(inVain.at(-1)?.renewed).toBeLessThanOrEqual(10);
  });
});

describe('the event loop', () => {
  test('a standstill halves the slots at once; they come back', () => {
    const steps = simulate(({ seconds }) => ({ lagMs: seconds === 30 ? 6_000 : 10 }), { minutes: 3 });
    expect(at(steps, 30)).toMatchObject({ slots: 4, reason: 'event-loop' });
    expect(Math.min(...steps.map(({ slots }) => slots))).toBe(4);
    expect(at(steps, 90)).toMatchObject({ slots: 8, reason: undefined });
  });

  test('standstill after standstill: one slot', () => {
    const steps = simulate(() => ({ lagMs: 3_000 }), { minutes: 1 });
    expect(at(steps, 16).slots).toBe(1);
  });

  test('a lag that grows with the pages ends below what makes it, slot by slot, without swinging', () => {
    const steps = simulate(({ slots }) => ({ lagMs: slots > 4 ? 150 * (slots - 1) : 20 * slots }), {
      minutes: 120,
    });
    expect(at(steps, 30).slots).toBeLessThan(8);
    const late = steps.filter(({ seconds }) => seconds >= 3_600);
    expect(cuts(late)).toBeLessThanOrEqual(4);
    expect(Math.min(...late.map(({ slots }) => slots))).toBe(4);
  });

  test('a lag that is none of our doing leaves a page a CPU', () => {
    const steps = simulate(() => ({ lagMs: 900 }));
    expect(steps.at(-1)).toMatchObject({ slots: 2, reason: 'event-loop' });
  });
});

describe('the CPU', () => {
  const starved: Machine = () => ({ cpuPressure: 0.97, lagMs: 300 });

  test('costs slots only when the event loop suffers as well, slowly, and never the last page of each CPU', () => {
    const steps = simulate(starved);
    expect(at(steps, 14).slots).toBe(8);
    expect(at(steps, 60).slots).toBeGreaterThanOrEqual(4);
    expect(steps.at(-1)).toMatchObject({ slots: 2, reason: 'cpu' });
  });

  test('one processor and a half: two pages stay', () => {
    const steps = simulate((now) => ({ ...starved(now), cpus: 1.5 }));
    expect(steps.at(-1)?.slots).toBe(2);
  });
});

test('whatever the readings, slots are whole, from one to the concurrency, and named when they are fewer', () => {
  const random = noise(11);
  for (const concurrency of [1, 2, 5, 64]) {
    const steps = simulate(
      () => ({
        lagMs: random() < 0.1 ? 8_000 * random() : 300 * random(),
        cpuPressure: random(),
        cpus: 0.2 + 4 * random(),
        usedMb: 2_400 * random(),
        free: { mb: 8_000 * random(), ofMb: 8_000 },
      }),
      { concurrency, minutes: 30 },
    );
    const wrong = steps.filter(
      ({ slots, reason }) =>
        !Number.isInteger(slots) ||
        slots < 1 ||
        slots > concurrency ||
        (reason === undefined) !== (slots === concurrency),
    );
    expect(wrong).toEqual([]);
  }
});

test('follows a concurrency that is lowered', () => {
  const state = initialMachine({ concurrency: 8, nowMs: 0 });
  expect(nextMachine(state, WELL, { concurrency: 3, nowMs: 500 }).slots).toBe(3);
});
