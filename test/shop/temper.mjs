// @ts-check
/**
 * How the shop behaves under load: for each request, whether it is served, after how long, or how it is refused. It
 * holds the count of requests in flight; it writes nothing itself.
 */
import { Dice, hashOf, hashOfText } from './dice.mjs';

/** @typedef {import('./settings.mjs').Settings} Settings */
/** @typedef {{ act: 'serve', delayMs: number, block: 200 | 403 | undefined } | { act: 'fail', delayMs: number, status: number, headers: Record<string, string> } | { act: 'reset' } | { act: 'hang' }} Verdict */

/** URLs whose counts of asking are remembered for the draws; the oldest is forgotten first. */
const rememberedUrls = 200_000;

/**
 * @param {Settings} settings read anew at every request
 */
export function createTemper(settings) {
  let inFlight = 0;
  let inFlightPeak = 0;
  /** @type {number[]} */
  let recent = [];
  /** @type {Map<string, number>} */
  const asked = new Map();

  /**
   * A stream of draws that depends on the seed, the URL and how often it was asked, not on what else goes on.
   * @param {string} url
   */
  function diceFor(url) {
    const times = (asked.get(url) ?? 0) + 1;
    if (times === 1 && asked.size >= rememberedUrls)
      asked.delete(/** @type {string} */ (asked.keys().next().value));
    asked.set(url, times);
    return new Dice(hashOf(settings.seed, hashOfText(url)), times);
  }

  /** @returns {Verdict | undefined} */
  function whileDown() {
    if (!settings.down) return undefined;
    const { mode, retryAfterS } = settings.down;
    if (mode === 'hang') return { act: 'hang' };
    if (mode !== '503') return { act: 'reset' };
    const headers = /** @type {Record<string, string>} */ (
      retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
    );
    return { act: 'fail', delayMs: 0, status: 503, headers };
  }

  /**
   * @param {number} now
   * @returns {Verdict | undefined}
   */
  function whileOverRate(now) {
    const limit = settings.rateLimit;
    if (!limit) return undefined;
    recent = recent.filter((at) => now - at < 1000);
    const tooMany =
      inFlight >= (limit.inFlight ?? Infinity) || recent.length >= (limit.perSecond ?? Infinity);
    if (!tooMany) {
      if (limit.perSecond !== undefined) recent.push(now);
      return undefined;
    }
    const waitS = limit.retryAfterS ?? 1;
    // A date has whole seconds: rounded up, so that obeying it never comes too early.
    const value =
      limit.as === 'date'
        ? new Date(Math.ceil((now + waitS * 1000) / 1000) * 1000).toUTCString()
        : String(waitS);
    return { act: 'fail', delayMs: 0, status: 429, headers: waitS > 0 ? { 'retry-after': value } : {} };
  }

  /** @param {number} jitterDraw 0 to 1 */
  function latencyMs(jitterDraw) {
    const model = settings.latencyModel;
    const load = model ? Math.max(1, (inFlight + 1) / model.knee) ** (model.exponent ?? 2) : 1;
    return settings.latencyMs * load * (1 + settings.jitter * (2 * jitterDraw - 1));
  }

  return {
    get inFlight() {
      return inFlight;
    },
    get inFlightPeak() {
      return inFlightPeak;
    },
    forget() {
      inFlightPeak = inFlight;
      asked.clear();
    },

    /**
     * @param {string} kind of the request; only those that `appliesTo` names are tempered, but all feel `down`
     * @param {string} url
     * @returns {Verdict}
     */
    judge(kind, url) {
      const down = whileDown();
      if (down) return down;
      if (!settings.appliesTo.includes(/** @type {'api'} */ (kind)))
        return { act: 'serve', delayMs: 0, block: undefined };
      const overRate = whileOverRate(Date.now());
      if (overRate) return overRate;
      const needsDice = settings.errorRate > 0 || settings.jitter > 0 || settings.block !== null;
      const dice = needsDice ? diceFor(url) : undefined;
      const delayMs = latencyMs(dice?.fraction() ?? 0.5);
      const fails = dice !== undefined && dice.fraction() < settings.errorRate;
      if (fails) return { act: 'fail', delayMs, status: settings.errorStatus, headers: {} };
      const isBlocked =
        kind === 'document' &&
        settings.block !== null &&
        dice !== undefined &&
        dice.fraction() < settings.block.rate;
      return { act: 'serve', delayMs, block: isBlocked ? settings.block?.status : undefined };
    },

    /**
     * Counts a request in until the returned function is called.
     * @param {string} kind
     * @returns {() => void}
     */
    enter(kind) {
      if (!settings.appliesTo.includes(/** @type {'api'} */ (kind))) return () => {};
      inFlight++;
      inFlightPeak = Math.max(inFlightPeak, inFlight);
      let isIn = true;
      return () => {
        if (isIn) inFlight--;
        isIn = false;
      };
    },
  };
}

/** @typedef {ReturnType<typeof createTemper>} Temper */
