/**
 * When a batch will be done, from how it goes of late. One that is paced and keeps up with what is asked of it will be
 * done when its pace says: how slowly it goes is no sign then. One that does not keep up, or is not paced, goes on as
 * it goes. Time during which a person has paused it says nothing of how fast it is.
 */
import { type Clock, createRate, type Rate } from './rate.js';

export interface ProjectionOptions {
  now: Clock;
  /** Epoch ms. */
  startedAtMs: number;
  /** Undefined without an SLA. */
  windowMs: number | undefined;
}

export interface ProjectionInput {
  /** Pages with an outcome. */
  settled: number;
  /** Pages left, those expected to be followed included. */
  left: number;
  /** Attempts so far. */
  attempts: number;
  /** What the pace asks for; undefined while nothing is held back. */
  paced: { perSecond: number; endsAtMs: number } | undefined;
  paused: boolean;
}

export interface Projected {
  /** Undefined while nothing can be told. */
  etaMs?: number;
  /** `1 - projected run time / window` */
  margin?: number;
  /** The pace is what holds it back. */
  isPaced: boolean;
}

export interface Projection {
  look(input: ProjectionInput): Projected;
}

/** A batch keeps up that does this share of what is asked: whoever falls behind a little is asked for more soon. */
const KEEPS_UP = 0.75;

export function createProjection({ now, startedAtMs, windowMs }: ProjectionOptions): Projection {
  // As long as matters for the window: at a paced page a minute, 30 s would say nothing.
  const trendMs = Math.min(600_000, Math.max(30_000, (windowMs ?? 0) / 20));
  let heldMs = 0;
  const moving: Clock = () => now() - heldMs;
  const [settling, attempting, asking] = [0, 1, 2].map(() => createRate(moving, trendMs)) as [
    Rate,
    Rate,
    Rate,
  ];
  let before: (ProjectionInput & { atMs: number }) | undefined;

  return {
    look(input) {
      const nowMs = now();
      const sinceMs = before === undefined ? 0 : nowMs - before.atMs;
      if (before?.paused === true) heldMs += sinceMs;
      if (before !== undefined) {
        settling.add(Math.max(0, input.settled - before.settled));
        attempting.add(Math.max(0, input.attempts - before.attempts));
        if (!before.paused) asking.add(((before.paced?.perSecond ?? 0) * sinceMs) / 1_000);
      }
      before = { ...input, atMs: nowMs };
      const isPaced = input.paced !== undefined && attempting.perSecond() >= KEEPS_UP * asking.perSecond();
      const etaMs =
        isPaced && input.paced !== undefined && input.left > 0
          ? input.paced.endsAtMs - nowMs
          : asItGoes(input, nowMs);
      if (etaMs === undefined) return { isPaced };
      const elapsedMs = nowMs - startedAtMs;
      return {
        isPaced,
        etaMs,
        ...(windowMs === undefined ? {} : { margin: 1 - (elapsedMs + etaMs) / windowMs }),
      };
    },
  };

  /** While nothing moves: as it went on the whole. */
  function asItGoes({ left, settled }: ProjectionInput, nowMs: number): number | undefined {
    if (left <= 0) return 0;
    const lately = settling.perSecond();
    const perSecond = lately > 0 ? lately : (settled * 1_000) / Math.max(1, nowMs - startedAtMs);
    return perSecond > 0 ? (left / perSecond) * 1_000 : undefined;
  }
}
