/**
 * How many pages of a target may be in flight over the whole farm. Pure: facts and the clock in, a limit out.
 *
 * Additive increase, multiplicative decrease (Chiu and Jain, 1989): an overload halves the limit once, however many
 * answers say the same; every `RECOVER_MS` without one gives a page back.
 */
export interface LimitState {
  limit: number;
  changedAtMs: number;
}

const RECOVER_MS = 5_000;

export function initialLimit(maximum: number, nowMs: number): LimitState {
  return { limit: maximum, changedAtMs: nowMs };
}

/** `overloadedAtMs`: the last time that the target said it was too much (429, 503), 0 for never. */
export function nextLimit(
  state: LimitState,
  { maximum, overloadedAtMs, nowMs }: { maximum: number; overloadedAtMs: number; nowMs: number },
): LimitState {
  if (overloadedAtMs > state.changedAtMs) {
    return { limit: Math.max(1, Math.floor(state.limit / 2)), changedAtMs: nowMs };
  }
  if (state.limit < maximum && nowMs - state.changedAtMs >= RECOVER_MS) {
    return { limit: state.limit + 1, changedAtMs: nowMs };
  }
  return state.limit > maximum ? { limit: maximum, changedAtMs: nowMs } : state;
}
