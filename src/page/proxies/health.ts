/**
 * Which of a target's proxies are fit for use, and which of them the next page takes. Pure; the clock is passed in.
 *
 * A proxy that is dead goes out and comes back for a trial, after a minute at first and twice as long each time after,
 * until a page is served through it. Whether it is the proxy that is refused, or that does not reach the target, only
 * the others can tell: it goes out as long as another one is left to compare it with. When none is, the target is at
 * fault: whatever went out for such a reason comes back, and the proxies are left in peace until a page is served again.
 * So only death can take all of them.
 */

/** What a page's end says of the proxy that it went through. */
export type Evidence = 'served' | 'blocked' | 'doubtful' | 'unreachable' | 'dead';

export interface Health {
  /** The proxies there are from now on, in order. */
  keep(keys: readonly string[]): void;
  /** One for the next page, which counts as in flight until `leave`; undefined when all are out. */
  take(): string | undefined;
  leave(key: string): void;
  /** Whose fault a failure is. */
  note(key: string, evidence: Evidence): 'proxy' | 'target';
  /** It answers again: it is on trial from now on. */
  bringBack(key: string): void;
  isOut(key: string): boolean;
  /** Ms until it comes back by itself. */
  outForMs(key: string): number;
  out(): string[];
}

interface Standing {
  /** Times that it went out since it last served. */
  falls: number;
  outUntilMs: number;
  isDead: boolean;
  /** Doubts in a row. */
  doubts: number;
  inFlight: number;
  taken: number;
}

const FIRST_OUT_MS = 60_000;
const LONGEST_OUT_MS = 30 * 60_000;
/** A page may be forbidden, or cut off, for reasons of its own: two in a row are the proxy's. */
const DOUBTS = 2;
/** Sessions at once: each has browser contexts of its own, and a login where there is one. */
const AT_ONCE = 10;
/** Pages in a row before the next proxy's turn: a page that is still warm costs half of a new one. */
const TURN = 25;

export function createHealth(now: () => number): Health {
  let all = new Map<string, Standing>();
  /** No page was served since all proxies failed alike. */
  let suspectsTarget = false;

  const isOut = (standing: Standing): boolean => standing.outUntilMs > now();
  const hasOther = (standing: Standing): boolean =>
    [...all.values()].some((other) => other !== standing && !isOut(other));

  function goOut(standing: Standing, isDead: boolean): void {
    if (isOut(standing)) {
      standing.isDead ||= isDead;
    } else {
      standing.falls += 1;
      standing.outUntilMs = now() + Math.min(FIRST_OUT_MS * 2 ** (standing.falls - 1), LONGEST_OUT_MS);
      standing.isDead = isDead;
    }
    standing.doubts = 0;
    if (![...all.values()].every(isOut)) return;
    for (const other of all.values()) if (!other.isDead) other.outUntilMs = 0;
  }

  function blame(standing: Standing): 'proxy' | 'target' {
    if (suspectsTarget) return 'target';
    if (hasOther(standing)) {
      goOut(standing, false);
      return 'proxy';
    }
    suspectsTarget = true;
    for (const other of all.values())
      if (!other.isDead) Object.assign(other, { outUntilMs: 0, falls: 0, doubts: 0 });
    return 'target';
  }

  return {
    keep(keys) {
      all = new Map(keys.map((key) => [key, all.get(key) ?? newcomer()]));
    },
    take() {
      const fit = [...all].filter(([, standing]) => !isOut(standing)).slice(0, AT_ONCE);
      const [next] = fit.sort(([, a], [, b]) => compare(rank(a), rank(b)));
      if (next === undefined) return undefined;
      const [key, standing] = next;
      standing.inFlight += 1;
      standing.taken += 1;
      return key;
    },
    leave(key) {
      const standing = all.get(key);
      if (standing !== undefined) standing.inFlight = Math.max(0, standing.inFlight - 1);
    },
    note(key, evidence) {
      const standing = all.get(key);
      if (standing === undefined) return 'proxy'; // no longer on the list
      switch (evidence) {
        case 'served':
          suspectsTarget = false;
          if (!isOut(standing)) Object.assign(standing, { falls: 0, doubts: 0, isDead: false });
          return 'target';
        case 'dead':
          goOut(standing, true);
          return 'proxy';
        case 'unreachable':
          return blame(standing);
        case 'blocked':
        case 'doubtful':
          standing.doubts += 1;
          return standing.doubts + standing.falls >= DOUBTS ? blame(standing) : 'proxy';
      }
    },
    bringBack(key) {
      const standing = all.get(key);
      if (standing !== undefined) standing.outUntilMs = 0;
    },
    isOut(key) {
      const standing = all.get(key);
      return standing === undefined || isOut(standing);
    },
    outForMs: (key) => Math.max(0, (all.get(key)?.outUntilMs ?? 0) - now()),
    out: () => [...all].filter(([, standing]) => isOut(standing)).map(([key]) => key),
  };
}

function newcomer(): Standing {
  return { falls: 0, outUntilMs: 0, isDead: false, doubts: 0, inFlight: 0, taken: 0 };
}

/** The least is next: whoever is on trial has one page at most while others can take the rest. */
function rank({ falls, inFlight, taken }: Standing): number[] {
  return [falls > 0 && inFlight > 0 ? 1 : 0, inFlight, Math.floor(taken / TURN)];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const difference = value - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0; // in their order: the sort is stable
}
