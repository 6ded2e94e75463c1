// @ts-check
/** The time of this process, as far as `Date` tells it: it stands still until it is moved. Timers stay real. */

/**
 * @typedef {object} FakeClock
 * @property {() => number} nowMs
 * @property {(ms: number) => void} moveTo never back
 * @property {() => void} giveBack the real `Date` is there again
 */

/** @param {number} startMs @returns {FakeClock} */
export function fakeDate(startMs) {
  const RealDate = Date;
  let nowMs = startMs;
  class FakeDate extends RealDate {
    /** @param {[] | [number | string | Date]} given */
    constructor(...given) {
      super(...(given.length === 0 ? /** @type {[number]} */ ([nowMs]) : /** @type {[number]} */ (given)));
    }
    /** @override */
    static now() {
      return nowMs;
    }
  }
  globalThis.Date = /** @type {DateConstructor} */ (/** @type {unknown} */ (FakeDate));
  return {
    nowMs: () => nowMs,
    moveTo(ms) {
      nowMs = Math.max(nowMs, ms);
    },
    giveBack() {
      globalThis.Date = RealDate;
    },
  };
}
