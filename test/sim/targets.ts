/** Models of targets, each a small function: who asks, how many are in flight, when; what it answers and how soon. */
import { normal, type Random } from './random.js';

export interface Asked {
  page: number;
  label: string;
  /** Since the start. */
  nowMs: number;
  /** At the target, this page among them. */
  inFlight: number;
  /** Pages done so far. */
  done: number;
}

export interface Answer {
  kind: 'served' | 'refused' | 'failed' | 'blocked';
  ms: number;
  /** What the same page takes when nothing else is in flight. */
  unloadedMs: number;
  retryAfterMs?: number | undefined;
  dataMs?: number[];
}

export interface Target {
  answer(asked: Asked): Answer;
}

const REFUSAL_MS = 10;

function served(ms: number, unloadedMs: number): Answer {
  return { kind: 'served', ms, unloadedMs };
}

function refusal(retryAfterMs: number | undefined): Answer {
  return { kind: 'refused', ms: REFUSAL_MS, unloadedMs: REFUSAL_MS, retryAfterMs };
}

export interface KneeOptions {
  baseMs?: number;
  /** In flight up to which it answers in `baseMs`. */
  knee?: number;
  /** The knee after so many pages. */
  moved?: { afterPages: number; knee: number } | undefined;
  /** Refuses over so many in flight; `infinity` for never. */
  refusesOver?: number;
  retryAfterMs?: number | undefined;
  /** Uniform, plus and minus. */
  jitter?: number;
  /** Standard deviation of the logarithm. */
  noise?: number;
  slow?: (nowMs: number) => number;
}

/** `baseMs` up to the knee, times the square of the load over it after. */
export function kneeTarget(options: KneeOptions = {}): (random: Random) => Target {
  const { baseMs = 50, knee = 4, refusesOver = 10, jitter = 0, noise = 0 } = options;
  const retryAfterMs = 'retryAfterMs' in options ? options.retryAfterMs : 1_000;
  return (random) => ({
    answer({ inFlight, done, nowMs }) {
      if (inFlight > refusesOver) return refusal(retryAfterMs);
      const now = options.moved !== undefined && done >= options.moved.afterPages ? options.moved.knee : knee;
      const slow = options.slow?.(nowMs) ?? 1;
      const scatter = (1 + jitter * (2 * random() - 1)) * Math.exp(noise * normal(random));
      return served(baseMs * slow * scatter * Math.max(1, inFlight / now) ** 2, baseMs);
    },
  });
}

/** Response time grows in proportion to the load from the first page on. */
export function linearTarget(baseMs = 100, perPage = 0.1): () => Target {
  return () => ({
    answer: ({ inFlight }) => served(baseMs * (1 + perPage * inFlight), baseMs * (1 + perPage)),
  });
}

/** Answers as ever up to an edge, and hardly at all beyond it. */
export function cliffTarget(baseMs = 100, edge = 20, beyondMs = 5_000): () => Target {
  return () => ({ answer: ({ inFlight }) => served(inFlight > edge ? beyondMs : baseMs, baseMs) });
}

/** M/M/c: `servers` beside each other, one queue, exponential service. */
export function queueTarget(serviceMs = 100, servers = 8): (random: Random) => Target {
  return (random) => {
    const freeAtMs = new Array<number>(servers).fill(0);
    return {
      answer({ nowMs }) {
        const first = freeAtMs.indexOf(Math.min(...freeAtMs));
        const startMs = Math.max(nowMs, freeAtMs[first] ?? 0);
        const serviceTakesMs = -serviceMs * Math.log(1 - random());
        freeAtMs[first] = startMs + serviceTakesMs;
        return served(startMs + serviceTakesMs - nowMs, serviceMs);
      },
    };
  };
}

/** Pages cost one or ten, by label when they have one and at random when not. */
export function mixedTarget({ knee = 6, cheapMs = 50 } = {}): (random: Random) => Target {
  return (random) => ({
    answer({ label, inFlight }) {
      const dear = label === '' ? random() < 0.5 : label === 'dear';
      const unloadedMs = dear ? 10 * cheapMs : cheapMs;
      return served(unloadedMs * Math.max(1, inFlight / knee) ** 2, unloadedMs);
    },
  });
}

/** A cache before it: hits in 5 ms, misses in 300 and slower over the knee; the share of hits drifts. */
export function cdnTarget(knee = 8): (random: Random) => Target {
  return (random) => ({
    answer({ inFlight, nowMs }) {
      const hits = 0.8 + 0.12 * Math.sin(nowMs / 60_000);
      if (random() < hits) return served(5 * (0.8 + 0.4 * random()), 5);
      return served(300 * Math.max(1, inFlight / knee) ** 2, 300);
    },
  });
}

/** Refuses page starts above a rate however few are in flight: a token bucket. */
export function rateTarget({
  perSecond = 4,
  burst = 4,
  baseMs = 50,
  retryAfterMs = 1_000 as number | undefined,
} = {}): () => Target {
  return () => {
    let tokens = burst;
    let atMs = 0;
    return {
      answer({ nowMs }) {
        tokens = Math.min(burst, tokens + ((nowMs - atMs) * perSecond) / 1_000);
        atMs = nowMs;
        if (tokens < 1) return refusal(retryAfterMs);
        tokens -= 1;
        return served(baseMs, baseMs);
      },
    };
  };
}

/** Down between two instants: connections are refused at once. */
export function downTarget(
  between: [number, number],
  up: (random: Random) => Target = kneeTarget(),
): (random: Random) => Target {
  return (random) => {
    const target = up(random);
    return {
      answer(asked) {
        const down = asked.nowMs >= between[0] && asked.nowMs < between[1];
        return down ? { kind: 'failed', ms: REFUSAL_MS, unloadedMs: REFUSAL_MS } : target.answer(asked);
      },
    };
  };
}
