/** What a target's options may look like: one zod rule an option, each refusal with a way to mend it. */
import { CronExpressionParser } from 'cron-parser';
import { z } from 'zod';
import { parseDurationMs } from './duration.js';
import { isFieldsSpec, parseSelect } from './field-spec.js';

type Test = (value: unknown) => boolean;

/** A rule whose refusal says what is wrong and what to write instead. */
function rule(test: Test, message: string, mend: string) {
  return z.custom<unknown>(test, { error: message, params: { mend } });
}

const isText: Test = (value) => typeof value === 'string' && value.trim() !== '';
const isFunction: Test = (value) => typeof value === 'function';
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumberIn = (least: number, most: number, whole: boolean): Test => {
  return (value) =>
    typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value));
};
const isListOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test);
const oneOrByLabel =
  (test: Test): Test =>
  (value) =>
    test(value) || (isRecord(value) && Object.keys(value).length > 0 && Object.values(value).every(test));
const passes =
  (attempt: (value: never) => unknown): Test =>
  (value) => {
    try {
      attempt(value as never);
      return true;
    } catch {
      return false;
    }
  };

const isPageTest: Test = (value) => isText(value) || isFunction(value);
export const isHttpUrl: Test = (value) =>
  typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
const isHost: Test = (value) =>
  typeof value === 'string' &&
  /^(?:\*\.)?(?:[\p{L}\p{N}_](?:[\p{L}\p{N}_-]*[\p{L}\p{N}_])?\.)*[\p{L}\p{N}_](?:[\p{L}\p{N}_-]*[\p{L}\p{N}_])?(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/iu.test(
    value,
  );
const isCron: Test = (value) =>
  isText(value) && passes((text: string) => CronExpressionParser.parse(text))(value);
const isPatterns: Test = (value) =>
  value instanceof RegExp || isListOf((one) => one instanceof RegExp)(value);

const RESOURCE_TYPES = [
  'image',
  'font',
  'stylesheet',
  'media',
  'script',
  'manifest',
  'other',
  'texttrack',
  'eventsource',
  'websocket',
] as const;
const FIELD_KINDS = ['string', 'number', 'boolean', 'date', 'url', 'json', 'html'] as const;

const whole = (least: number, most: number, mend: string) =>
  rule(isNumberIn(least, most, true), `must be a whole number from ${least} to ${most}`, mend).optional();
const share = (mend: string) => rule(isNumberIn(0, 1, false), 'must be a share from 0 to 1', mend).optional();
const flag = (mend: string) =>
  rule((value) => typeof value === 'boolean', 'must be true or false', mend).optional();
const pageTest = (name: string) =>
  rule(isPageTest, 'must be a selector or a function of the page', `e.g. ${name}: '.some-class'`).optional();
const oneOf = (values: readonly string[]) =>
  rule(
    (value) => typeof value === 'string' && values.includes(value),
    `must be one of ${values.map((value) => `'${value}'`).join(', ')}`,
    'choose one of these',
  );

const selectText = rule(
  (value) => typeof value === 'string' && parseSelect(value) !== undefined,
  "must be 'SELECTOR', 'SELECTOR@ATTRIBUTE' or '@ATTRIBUTE'",
  "e.g. '.title' or '@data-sku'",
);
const fieldSpec = z.strictObject({
  select: selectText,
  as: oneOf(FIELD_KINDS).optional(),
  all: flag('all: true reads every match as a list'),
});
/** One object of `fields`; its fields are checked one by one, so that a problem names the field. */
export const fieldsRule = z.strictObject({
  rows: rule(
    isText,
    'must be a selector',
    "e.g. rows: '.card', or leave it out: the page is one row",
  ).optional(),
  fields: z.record(z.string(), z.unknown()),
  follow: z
    .array(
      z.strictObject({
        select: rule(isText, 'must be a selector', "e.g. select: 'a.next'"),
        label: rule(isText, 'must be a label', "e.g. label: 'detail'").optional(),
      }),
    )
    .optional(),
});
export function fieldRuleFor(value: unknown) {
  return typeof value === 'string' ? selectText : fieldSpec;
}

const sitemapSource = z.strictObject({
  kind: z.literal('sitemap'),
  urls: z
    .array(rule(isHttpUrl, 'is no http(s) URL', "e.g. sitemap('https://example.com/sitemap.xml')"))
    .min(1, { error: 'names no sitemap' }),
  options: z.strictObject({
    include: rule(isPatterns, 'must be a RegExp or a list of them', 'e.g. include: /\\/p\\//').optional(),
    exclude: rule(
      isPatterns,
      'must be a RegExp or a list of them',
      'e.g. exclude: /\\/archive\\//',
    ).optional(),
    since: rule(
      (value) =>
        (value instanceof Date || isText(value)) && !Number.isNaN(new Date(value as string).getTime()),
      'must be a date',
      "e.g. since: '2026-01-31' or a Date",
    ).optional(),
    label: rule(
      (value) => isText(value) || isFunction(value),
      'must be a label or a function of the URL',
      "e.g. label: 'detail'",
    ).optional(),
  }),
});

/** `discover` by its shape: a sitemap is looked into, anything else is told apart only. */
export function discoverRuleFor(value: unknown) {
  if (isRecord(value) && value.kind === 'sitemap') return sitemapSource;
  return rule(
    (source) => isFunction(source) || (Array.isArray(source) && source.length > 0) || isIterable(source),
    Array.isArray(value) ? 'is an empty list' : 'must be sitemap(…), a list of URLs, or an async generator',
    "e.g. discover: sitemap('https://example.com/sitemap.xml') or discover: ['https://example.com/']",
  );
}

function isIterable(value: unknown): boolean {
  return isRecord(value) && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** Every option of a target; `schema`, `key`, `discover`, `fields`, `data` and `proxies` are looked into by `check.ts`. */
export const targetRule = z.strictObject({
  name: rule(
    (value) => typeof value === 'string' && /^[a-z0-9-]{1,40}$/.test(value),
    'must be 1 to 40 of a-z, 0-9 and -',
    "e.g. name: 'demo-shop'",
  ),
  schema: z.unknown(),
  key: z.unknown(),
  discover: z.unknown(),
  ready: rule(
    oneOrByLabel(isPageTest),
    'must be a selector, a function, or an object of those by label',
    "e.g. ready: '[data-sku]'",
  ).optional(),
  extract: rule(
    oneOrByLabel(isFunction),
    'must be a function, or an object of functions by label',
    'e.g. async extract({ page }) { return page.evaluate(() => …) }',
  ).optional(),
  fields: z.unknown().optional(),
  data: z.unknown().optional(),
  session: z
    .strictObject({
      login: rule(isFunction, 'must be a function', 'e.g. async login({ page }) { … }'),
      expired: pageTest('expired'),
    })
    .optional(),
  keep: oneOf(['data', 'html', 'none']).optional(),
  keepCookies: flag('keepCookies: true keeps the cookies of pages that are given up'),
  gone: pageTest('gone'),
  blocked: pageTest('blocked'),
  url: z
    .strictObject({
      keepFragment: flag('keepFragment: true makes #/a and #/b two pages'),
      dropParams: rule(
        isListOf(isText),
        'must be a list of parameter names',
        "e.g. dropParams: ['ref', 'sess*']",
      ).optional(),
    })
    .optional(),
  navigate: oneOf(['load', 'soft']).optional(),
  lane: oneOf(['render', 'auto']).optional(),
  block: z
    .union([
      z.literal(false),
      z.literal('auto'),
      z.strictObject({
        types: z.array(oneOf(RESOURCE_TYPES)).optional(),
        urls: rule(
          isListOf(isText),
          'must be a list of URL patterns',
          "e.g. urls: ['*analytics*']",
        ).optional(),
      }),
    ])
    .optional(),
  incremental: z
    .strictObject({
      full: whole(1, 1_000, 'e.g. full: 7 renders every page each seventh night'),
      sample: share('e.g. sample: 0.02'),
      by: rule(
        (value) =>
          Array.isArray(value) &&
          value.length > 0 &&
          value.every((one) => one === 'lastmod' || one === 'document'),
        "must be a list of 'lastmod' and 'document'",
        "e.g. by: ['lastmod', 'document']",
      ).optional(),
    })
    .optional(),
  browser: z
    .strictObject({
      viewport: z
        .strictObject({
          width: rule(isNumberIn(1, 16_384, true), 'must be a number of pixels', 'e.g. width: 1280'),
          height: rule(isNumberIn(1, 16_384, true), 'must be a number of pixels', 'e.g. height: 800'),
        })
        .optional(),
      locale: rule(
        (value) => isText(value) && passes((text: string) => Intl.getCanonicalLocales(text))(value),
        'must be a language tag',
        "e.g. locale: 'de-DE'",
      ).optional(),
      timezone: timezone(),
      userAgent: rule(
        (value) => isText(value) && passes((text: string) => new Headers([['user-agent', text]]))(value),
        'must be one line of text',
        "leave it out for the browser's own",
      ).optional(),
      headers: rule(
        (value) =>
          isRecord(value) &&
          Object.values(value).every((one) => typeof one === 'string') &&
          passes((headers: Record<string, string>) => new Headers(headers))(value),
        'must be an object of header names and their texts',
        "e.g. headers: { 'accept-language': 'de' }",
      ).optional(),
      storageState: rule(
        (value) =>
          isText(value) || (isRecord(value) && Array.isArray(value.cookies) && Array.isArray(value.origins)),
        "must be a path, or Playwright's storage state { cookies, origins }",
        "e.g. storageState: './state.json'",
      ).optional(),
    })
    .optional(),
  allowHosts: z
    .array(
      rule(
        isHost,
        'is no host',
        "a host name without scheme and path, e.g. 'img.example.com' or '*.example.com'",
      ),
    )
    .optional(),
  robots: oneOf(['respect', 'ignore']).optional(),
  proxies: z.unknown().optional(),
  throttle: z
    .strictObject({
      maxConcurrency: whole(1, 10_000, 'e.g. maxConcurrency: 8'),
      minDelayMs: whole(0, 3_600_000, 'milliseconds, e.g. minDelayMs: 250'),
      quietHours: z.union([quietHours(), z.array(quietHours())]).optional(),
    })
    .optional(),
  retries: whole(0, 100, 'e.g. retries: 3'),
  timeoutMs: whole(100, 3_600_000, 'milliseconds, e.g. timeoutMs: 60_000'),
  sla: z
    .strictObject({
      window: rule(
        (value) => typeof value === 'string' && parseDurationMs(value) !== undefined,
        'must be a duration',
        "e.g. window: '4h', '30m' or '1h30m'",
      ),
      pace: flag('pace: false fetches as fast as the target bears'),
    })
    .optional(),
  schedule: z
    .strictObject({
      cron: rule(isCron, 'is no cron expression', "five fields, e.g. cron: '30 2 * * *'"),
      tz: timezone(),
      overlap: oneOf(['skip', 'queue', 'cancel']).optional(),
      missed: oneOf(['run', 'skip']).optional(),
    })
    .optional(),
  gate: z
    .strictObject({
      minCompleted: share('e.g. minCompleted: 0.98'),
      maxQuarantined: share('e.g. maxQuarantined: 0.05'),
      minRows: whole(0, Number.MAX_SAFE_INTEGER, 'e.g. minRows: 1'),
      maxRowChange: share('e.g. maxRowChange: 0.25; 1 switches the comparison off'),
      maxNullChange: share('e.g. maxNullChange: 0.1; 1 switches the comparison off'),
      pauseOnDrift: flag('pauseOnDrift: false fetches on, whatever the pages give'),
    })
    .optional(),
  deliver: z
    .strictObject({
      to: rule(isText, 'must be a folder or an s3:// URL', "e.g. to: './out' or to: 's3://bucket/prefix'"),
    })
    .optional(),
});

function quietHours() {
  const timeOfDay = () =>
    rule(
      (value) => typeof value === 'string' && /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(value),
      'must be a time of the day',
      "HH:MM, e.g. quietHours: { from: '08:00', to: '20:00', tz: 'Europe/Berlin' }",
    );
  return z.strictObject({ from: timeOfDay(), to: timeOfDay(), tz: timezone() });
}

function timezone() {
  return rule(
    (value) =>
      isText(value) && passes((timeZone: string) => new Intl.DateTimeFormat('en', { timeZone }))(value),
    'is no time zone',
    "an IANA name, e.g. 'Europe/Berlin'",
  ).optional();
}

export { isFieldsSpec, isFunction, isRecord };
