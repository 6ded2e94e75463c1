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
 * @param {{ maxPages: number, delayMs: number }} options `delayMs`: the median; 0: at once
 * @returns {BrowserPool}
 */
export function createStubPool({ maxPages, delayMs }) {
  let leased = 0;
  return {
    async lease() {
      leased += 1;
      const { page, answers } = openPage(delayMs);
      /** @type {Omit<Lease, 'network'>} */
      const lease = {
        page: /** @type {Lease['page']} */ (/** @type {unknown} */ (page)),
        answers,
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

/** What of Playwright's page the farm calls for a target whose `ready` is a function. @param {number} medianMs */
function openPage(medianMs) {
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
      const delayMs = drawDelay(medianMs);
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

/** Lognormal, by Box and Muller. @param {number} medianMs */
function drawDelay(medianMs) {
  if (medianMs === 0) return 0;
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return medianMs * Math.exp(SPREAD * normal);
}
