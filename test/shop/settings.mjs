// @ts-check
/** The shop's settings: their defaults, and the check of whatever comes in from outside. */

/**
 * @typedef {object} LatencyModel the answer takes `latencyMs × (inFlight / knee) ^ exponent` above the knee
 * @property {number} knee requests in flight up to which the answer takes `latencyMs`
 * @property {number} [exponent] default 2
 */

/**
 * @typedef {object} RateLimit 429 above either bound
 * @property {number} [inFlight] most requests in flight
 * @property {number} [perSecond] most requests within any second
 * @property {number} [retryAfterS] the `Retry-After` header, seconds; 0 sends none. Default 1
 * @property {'seconds' | 'date'} [as] its form. Default `seconds`
 */

/**
 * @typedef {object} Down
 * @property {'503' | 'reset' | 'refuse' | 'hang'} mode an answer, a cut connection, no listener at all (lift it at the
 *   third-party origin's `/_control`), or no answer ever
 * @property {number} [forMs] default: until set to null
 * @property {number} [retryAfterS] of 503. Default: no header
 */

/**
 * @typedef {object} Manner of the application within its document, page after page
 * @property {boolean} [keepsOld] it shows the last page until the next one's data has come
 * @property {boolean} [isDeaf] it does not listen to `popstate`: only a click on a link leads on
 * @property {boolean} [isStuck] nor to clicks
 * @property {number} [liesFrom] from the document's so manieth product page on, the stock shown is one too many
 * @property {boolean} [leaks] each product page leaves listeners and data behind
 * @property {'cookie' | 'header'} [proves] it shows to the API that it is the application: by a cookie that its script sets, or by a header that it computes
 */

/** @typedef {'document' | 'api'} Tempered */

/**
 * @typedef {object} Settings
 * @property {number} seed default 1
 * @property {number} products product pages, default 1,200, at most 1,000,000
 * @property {number} latencyMs base latency of an answer, default 0
 * @property {LatencyModel | null} latencyModel default null: `latencyMs` whatever the load
 * @property {number} jitter latency varies by this fraction up and down, default 0
 * @property {number} errorRate fraction of answers that fail, drawn by seed, URL and how often it was asked. Default 0
 * @property {number} errorStatus default 500
 * @property {RateLimit | null} rateLimit default null
 * @property {Down | null} down default null
 * @property {{ rate: number, status: 200 | 403 } | null} block fraction of documents answered by a challenge, default null
 * @property {Tempered[]} appliesTo what latency, errors and rate limit apply to, default both
 * @property {number | null} crawlDelay seconds in robots.txt, default null: no such line
 * @property {{ requests?: number, ms?: number } | null} sessionTtl how long a login is good for (API answers, or ms), default null: always
 * @property {Manner | null} manner default null: as it should be
 * @property {{ every: number, from?: number, at?: string } | null} repriced products `from`, `from + every`, … cost 1 more, and the sitemap
 *   says that they changed `at` that time; without `at` it says nothing of it. Default null
 * @property {string | null} lastmod of all other products in the sitemap. Default null: each has its own
 * @property {{ token?: { requests?: number, ms?: number }, wants?: 'cookie' | 'header' } | null} guard what the product API wants: a token (good for so many answers, or ms; setting it again ends all), and a proof, without which it tells a wrong stock. Default null
 * @property {boolean} nested the price stands in `offer` of a product's answer. Default false
 * @property {boolean} tagged documents have an ETag, and answer 304 to whoever has them. Default false
 * @property {boolean} restless the stock of a product is another one each time it is asked for. Default false
 * @property {number} virtualItems of `/virtual`, default 500
 * @property {number} infiniteItems of `/infinite`, default 200
 */

/** @type {Readonly<Settings>} */
const defaults = Object.freeze(
  /** @type {Settings} */ ({
    seed: 1,
    products: 1200,
    latencyMs: 0,
    latencyModel: null,
    jitter: 0,
    errorRate: 0,
    errorStatus: 500,
    rateLimit: null,
    down: null,
    block: null,
    appliesTo: ['document', 'api'],
    crawlDelay: null,
    sessionTtl: null,
    manner: null,
    repriced: null,
    lastmod: null,
    guard: null,
    nested: false,
    tagged: false,
    restless: false,
    virtualItems: 500,
    infiniteItems: 200,
  }),
);

/** Thrown for settings that the shop does not have or values that they cannot have; names every one. */
export class SettingsError extends Error {
  /** @param {string[]} problems */
  constructor(problems) {
    super(problems.join('; '));
    this.name = 'SettingsError';
  }
}

/** @typedef {(value: unknown) => boolean} Check */

/**
 * @param {number} least
 * @param {number} most
 * @returns {Check}
 */
const number = (least, most) => (value) => typeof value === 'number' && value >= least && value <= most;
/**
 * @param {number} least
 * @param {number} most
 * @returns {Check}
 */
const whole = (least, most) => (value) => Number.isInteger(value) && number(least, most)(value);
/**
 * @param {...(string | number)} values
 * @returns {Check}
 */
const oneOf =
  (...values) =>
  (value) =>
    values.includes(/** @type {string} */ (value));
/**
 * @param {Record<string, Check>} fields
 * @param {string[]} [required]
 * @returns {Check}
 */
const nullOr =
  (fields, required = []) =>
  (value) =>
    value === null ||
    (typeof value === 'object' &&
      required.every((name) => name in value) &&
      Object.entries(value).every(
        ([name, part]) => Object.hasOwn(fields, name) && fields[name]?.(part) === true,
      ));

const count = whole(0, 1_000_000);
const duration = number(0, 86_400_000);

/** @type {Check} */
const flag = (value) => typeof value === 'boolean';

/** @type {Record<keyof Settings, [Check, string]>} */
const checks = {
  seed: [whole(0, 2 ** 32 - 1), 'a whole number'],
  products: [count, 'a whole number up to 1,000,000'],
  latencyMs: [duration, 'milliseconds'],
  latencyModel: [
    nullOr({ knee: number(0.001, 1e6), exponent: number(0, 10) }, ['knee']),
    '{ knee, exponent? } or null',
  ],
  jitter: [number(0, 1), 'a fraction'],
  errorRate: [number(0, 1), 'a fraction'],
  errorStatus: [whole(400, 599), 'an HTTP status from 400'],
  rateLimit: [
    nullOr({
      inFlight: whole(0, 1e6),
      perSecond: number(0, 1e6),
      retryAfterS: whole(0, 86_400),
      as: oneOf('seconds', 'date'),
    }),
    '{ inFlight?, perSecond?, retryAfterS?, as? } or null',
  ],
  down: [
    nullOr(
      { mode: oneOf('503', 'reset', 'refuse', 'hang'), forMs: duration, retryAfterS: whole(0, 86_400) },
      ['mode'],
    ),
    "{ mode: '503' | 'reset' | 'refuse' | 'hang', forMs?, retryAfterS? } or null",
  ],
  block: [
    nullOr({ rate: number(0, 1), status: oneOf(200, 403) }, ['rate', 'status']),
    '{ rate, status: 200 | 403 } or null',
  ],
  appliesTo: [
    (value) => Array.isArray(value) && value.every(oneOf('document', 'api')),
    "a list of 'document' and 'api'",
  ],
  crawlDelay: [(value) => value === null || number(0, 3600)(value), 'seconds or null'],
  sessionTtl: [nullOr({ requests: whole(0, 1e9), ms: duration }), '{ requests?, ms? } or null'],
  manner: [
    nullOr({
      keepsOld: flag,
      isDeaf: flag,
      isStuck: flag,
      liesFrom: whole(1, 1e6),
      leaks: flag,
      proves: oneOf('cookie', 'header'),
    }),
    '{ keepsOld?, isDeaf?, isStuck?, liesFrom?, leaks?, proves? } or null',
  ],
  guard: [
    nullOr({
      token: (value) => nullOr({ requests: count, ms: duration })(value),
      wants: oneOf('cookie', 'header'),
    }),
    "{ token?: { requests?, ms? }, wants?: 'cookie' | 'header' } or null",
  ],
  repriced: [
    nullOr({ every: whole(1, 1e6), from: count, at: (value) => !Number.isNaN(Date.parse(String(value))) }, [
      'every',
    ]),
    '{ every, from?, at? } or null',
  ],
  lastmod: [(value) => value === null || !Number.isNaN(Date.parse(String(value))), 'a date or null'],
  nested: [flag, 'true or false'],
  tagged: [flag, 'true or false'],
  restless: [flag, 'true or false'],
  virtualItems: [count, 'a whole number up to 1,000,000'],
  infiniteItems: [count, 'a whole number up to 1,000,000'],
};

/**
 * @param {unknown} change some of the settings, from anywhere
 * @returns {Partial<Settings>}
 * @throws {SettingsError} naming every setting that is unknown or wrong
 */
export function checkSettings(change) {
  if (typeof change !== 'object' || change === null || Array.isArray(change))
    throw new SettingsError(['settings must be an object']);
  const problems = Object.entries(change).flatMap(([name, value]) => {
    if (!Object.hasOwn(checks, name))
      return [`no setting ${name} (there are ${Object.keys(checks).join(', ')})`];
    const [isRight, form] = checks[/** @type {keyof Settings} */ (name)];
    return isRight(value) ? [] : [`${name} must be ${form}`];
  });
  if (problems.length > 0) throw new SettingsError(problems);
  return change;
}

/**
 * @param {Partial<Settings>} change
 * @returns {Settings}
 * @throws {SettingsError}
 */
export function createSettings(change) {
  return { ...defaults, ...checkSettings(change) };
}
