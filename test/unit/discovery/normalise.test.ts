import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprint, normaliseUrl } from '../../../src/discovery/normalise.js';

const name = fc.stringMatching(/^q[a-z0-9]{0,5}$/);
const value = fc.string({ unit: 'grapheme', maxLength: 8 });
const segment = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
  .map((text) => `s${text.replaceAll('.', '-')}`);
const parts = fc.record({
  scheme: fc.constantFrom('http', 'https'),
  host: fc.domain(),
  path: fc.array(segment, { maxLength: 3 }),
  query: fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 4 }),
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

const pathOf = ({ path }: Pick<Parts, 'path'>): string => `/${path.map(encodeURIComponent).join('/')}`;

function textOf(
  of: Omit<Parts, 'scheme'> & { scheme: string },
  query: readonly [string, string][] = of.query,
): string {
  const search = new URLSearchParams(query.map(([key, text]) => [key, text])).toString();
  return `${of.scheme}://${of.host}${pathOf(of)}${search === '' ? '' : `?${search}`}`;
}

test('is idempotent, for whatever parses', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webUrl({ withFragments: true, withQueryParameters: true }),
        parts.map((of) => textOf(of)),
      ),
      fc.boolean(),
      (url, keepFragment) => {
        const once = normaliseUrl(url, { keepFragment });
        expect(once).toBeDefined();
        expect(normaliseUrl(once ?? '', { keepFragment })).toBe(once);
      },
    ),
    { numRuns: 500 },
  );
});

test('order of the query, fragment, tracking, default port, case of scheme and host do not matter', () => {
  const tracking = fc.constantFrom('utm_source', 'utm_x', 'gclid', 'fbclid', 'msclkid', '_ga', 'srsltid');
  fc.assert(
    fc.property(parts, fc.array(fc.tuple(tracking, value), { maxLength: 3 }), fc.nat(), (of, noise, seed) => {
      const plain = normaliseUrl(textOf(of));
      const mixed = [...of.query, ...noise].sort(([a], [b]) => orderOf(a, seed) - orderOf(b, seed));
      const port = of.scheme === 'http' ? ':80' : ':443';
      const spelled = textOf(
        { ...of, scheme: of.scheme.toUpperCase(), host: of.host.toUpperCase() + port },
        mixed,
      );
      expect(normaliseUrl(`${spelled}#reviews`)).toBe(plain);
    }),
    { numRuns: 300 },
  );
});

test('percent-encoding of what need not be encoded, and the case of its digits, do not matter', () => {
  fc.assert(
    fc.property(parts, fc.boolean(), (of, upper) => {
      const spelled = pathOf(of)
        .replace(/%[0-9A-F]{2}/g, (escaped) => (upper ? escaped : escaped.toLowerCase()))
        .replace(/[a-z]/g, (letter, at: number, all: string) =>
          at % 2 === 0 && !/%.?$/.test(all.slice(0, at)) ? `%${letter.charCodeAt(0).toString(16)}` : letter,
        );
      const origin = `${of.scheme}://${of.host}`;
      expect(normaliseUrl(origin + spelled)).toBe(normaliseUrl(origin + pathOf(of)));
    }),
    { numRuns: 300 },
  );
});

test('different pages stay different', () => {
  const identity = (of: Parts): string =>
    JSON.stringify([of.scheme, of.host.toLowerCase(), of.path, [...of.query].sort()]);
  fc.assert(
    fc.property(parts, parts, fc.constantFrom('scheme', 'host', 'path', 'query'), (one, two, kept) => {
      const other = { ...one, [kept]: two[kept] };
      fc.pre(identity(one) !== identity(other));
      expect(normaliseUrl(textOf(one))).not.toBe(normaliseUrl(textOf(other)));
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['http://shop/a%2Fb', 'http://shop/a/b'],
  ['http://shop/p?id=1&id=2', 'http://shop/p?id=2&id=1'],
  ['http://shop/p?q=a%26b', 'http://shop/p?q=a&b'],
  ['http://shop/P', 'http://shop/p'],
  ['http://shop/p', 'http://shop/p/'],
  ['http://shop/p?utmost=1', 'http://shop/p'],
  ['http://shop/p?a=%2B', 'http://shop/p?a=+'],
])('%s and %s are two pages', (one, two) => {
  expect(normaliseUrl(one)).not.toBe(normaliseUrl(two));
});

test('the fragment counts where the target says so', () => {
  const keep = { keepFragment: true };
  expect(normaliseUrl('http://shop/app#/p/1', keep)).not.toBe(normaliseUrl('http://shop/app#/p/2', keep));
  expect(normaliseUrl('http://shop/app#', keep)).toBe(normaliseUrl('http://shop/app', keep));
});

test('parameters that the target drops: by name, and by prefix', () => {
  const identity = { dropParams: ['sid', 'ab_*'] };
  expect(normaliseUrl('http://shop/p?sid=9&ab_test=x&ab_=&id=1', identity)).toBe('http://shop/p?id=1');
  expect(normaliseUrl('http://shop/p?sid=9', identity)).toBe('http://shop/p');
  expect(normaliseUrl('http://shop/p?side=9&abtest=1', identity)).toBe('http://shop/p?abtest=1&side=9');
});

test.each([
  '',
  'p/1',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'ftp://shop/',
  'http://user:word@shop/',
  'http://',
])('%j is no page', (text) => {
  expect(normaliseUrl(text)).toBeUndefined();
});

test('fingerprints: 80 bits, the same for the same, different for different', () => {
  const seen = new Set(Array.from({ length: 5_000 }, (_, at) => fingerprint(`http://shop/p/${at}`)));
  expect(seen.size).toBe(5_000);
  for (const one of seen) expect(one >> 80n).toBe(0n);
  expect(fingerprint('http://shop/p/7')).toBe(fingerprint('http://shop/p/7'));
});

/** Some order that depends on the seed. */
function orderOf(text: string, seed: number): number {
  return Number(fingerprint(`${seed} ${text}`) & 0xffffn);
}
