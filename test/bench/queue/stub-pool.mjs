// @ts-check
/**
 * A browser pool without browsers: its pages answer by themselves, at once or after a drawn delay. What is left of a
 * page's cost is the farm's own.
 */

/** @typedef {import('../../../browser-pool/index.js').BrowserPool} BrowserPool */
/** @typedef {import('../../../browser-pool/index.js').Lease} Lease */

/** Of all delays: what a server answers, with a tail. */
const SPREAD = 0.25;

/**
 * @typedef {object} StubPoolOptions
 * @property {number} maxPages
 * @property {number} delayMs the median; 0: at once
 * @property {number} [spread] standard deviation of the delay's logarithm
 * @property {() => number} [random] from 0 to below 1
 */

/** @param {StubPoolOptions} options @returns {BrowserPool} */
export function createStubPool({ maxPages, delayMs, spread = SPREAD, random = Math.random }) {
  let leased = 0;
  const draw = () => (delayMs === 0 ? 0 : delayMs * Math.exp(spread * normal(random)));
  return {
    async lease() {
      leased += 1;
      const { page, answers } = openPage(draw);
      /** @type {Omit<Lease, 'network'>} */
      const lease = {
        page: /** @type {Lease['page']} */ (/** @type {unknown} */ (page)),
        answers,
        captures: { all: [], changed: () => new Promise(() => undefined) },
        browser: 0,
        standing: false,
        lost: new AbortController().signal,
        async release() {
          leased -= 1;
        },
      };
      return /** @type {Lease} */ (lease);
    },
    userAgent: async () => 'none',
    stats: () => ({ browsers: 0, leased, waiting: 0, maxPages, memoryMb: 0, cpuSeconds: 0 }),
    resize: () => undefined,
    renew: () => undefined,
    close: async () => undefined,
  };
}

/** What of Playwright's page the farm calls for a target whose `ready` is a function. @param {() => number} draw ms */
function openPage(draw) {
  let at = 'about:blank';
  /** @type {Omit<Lease['answers'], 'document'> & { document: Lease['answers']['document'] }} */
  const answers = {
    document: undefined,
    data: [],
    refusals: [],
    troubles: [],
    answeredWell: 0,
    pending: 0,
    elsewhere: 0,
    lostScripts: 0,
    catchUp: async () => undefined,
  };
  const page = {
    /** @param {string} url */
    async goto(url) {
      at = url;
      const delayMs = draw();
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      answers.document = {
        url,
        status: 200,
        firstByteMs: Math.max(1, delayMs),
        retryAfter: undefined,
        atMs: Date.now(),
      };
      return { status: () => 200, headers: () => ({ 'content-type': 'text/html' }) };
    },
    url: () => at,
    on: () => undefined,
    off: () => undefined,
    content: async () => `<p data-sku="${at.slice(at.lastIndexOf('/') + 1)}">`,
    /**
     * No selector shows, ever.
     * @param {string} looks runs in a page; ends with for how long its selectors are waited for
     */
    evaluate: (looks) =>
      looks.endsWith(', 0)') ? Promise.resolve({ shown: '' }) : new Promise(() => undefined),
  };
  return { page, answers };
}

/** By Box and Muller. @param {() => number} random */
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The same numbers for the same seed, from 0 to below 1: Mulberry32. @param {number} seed @returns {() => number} */
export function createRandom(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
