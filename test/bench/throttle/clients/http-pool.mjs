// @ts-check
/**
 * A browser pool without browsers: its pages fetch their document by plain HTTP and show it. With it the farm works as
 * it always does, and the target is the bottleneck, not the machine's cores.
 */

/** @typedef {import('../../../../browser-pool/index.js').BrowserPool} BrowserPool */
/** @typedef {import('../../../../browser-pool/index.js').Lease} Lease */

/**
 * @param {number} maxPages
 * @returns {BrowserPool}
 */
export function createHttpPool(maxPages) {
  let leased = 0;
  return {
    async lease() {
      leased += 1;
      const { page, answers } = openPage();
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

/** What of Playwright's page the farm calls for a target whose `ready` is a function. */
function openPage() {
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
      const began = performance.now();
      const answer = await fetch(url).catch((cause) => {
        throw new Error('page.goto: net::ERR_CONNECTION_REFUSED', { cause });
      });
      answers.document = {
        url,
        status: answer.status,
        firstByteMs: performance.now() - began,
        retryAfter: answer.headers.get('retry-after') ?? undefined,
        atMs: Date.now(),
      };
      body = await answer.text();
      return { status: () => answer.status, headers: () => Object.fromEntries(answer.headers) };
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
