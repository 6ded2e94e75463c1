// @ts-check
/**
 * A browser pool without browsers, for farms whose own cost, or whose target, is measured. Its pages have what the farm
 * calls of Playwright's page for a target whose `ready` is a function.
 */

/** @typedef {import('../../browser-pool/index.js').BrowserPool} BrowserPool */
/** @typedef {import('../../browser-pool/index.js').Lease} Lease */

/**
 * @typedef {object} Loaded
 * @property {number} status
 * @property {number} firstByteMs
 * @property {Record<string, string>} headers
 * @property {string} body
 */

/**
 * @param {number} maxPages
 * @param {(url: string) => Promise<Loaded>} load
 * @returns {BrowserPool}
 */
export function createPaperPool(maxPages, load) {
  let leased = 0;
  return {
    async lease() {
      leased += 1;
      const { page, answers } = openPage(load);
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

/** @param {(url: string) => Promise<Loaded>} load */
function openPage(load) {
  let at = 'about:blank';
  let body = '';
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
      const { status, firstByteMs, headers, ...loaded } = await load(url);
      answers.document = { url, status, firstByteMs, retryAfter: headers['retry-after'], atMs: Date.now() };
      body = loaded.body;
      return { status: () => status, headers: () => headers };
    },
    url: () => at,
    on: () => undefined,
    off: () => undefined,
    content: async () => body,
    /**
     * No selector shows, ever.
     * @param {string} looks runs in a page; ends with for how long its selectors are waited for
     */
    evaluate: (looks) =>
      looks.endsWith(', 0)') ? Promise.resolve({ shown: '' }) : new Promise(() => undefined),
  };
  return { page, answers };
}
