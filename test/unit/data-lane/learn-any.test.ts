import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LearnPage, learn, sourcePageOf } from '../../../src/data-lane/learn.js';
import { contradiction, Doubtful, predict } from '../../../src/data-lane/predict.js';
import { aPage } from './a-page.js';

/** A value of a page, and how a site's requests have it. */
interface Item {
  slug: string;
  id: number;
  lang: string;
  text: string;
}

const item = fc.record({
  slug: fc.stringMatching(/^[a-z]{3,8}(-[a-z]{2,6}){0,2}-[1-9][0-9]{0,5}$/),
  id: fc.integer({ min: 10_000, max: 9_999_999 }),
  lang: fc.constantFrom('en', 'de', 'fr'),
  text: fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .filter((text) => text.trim() === text && text !== '.' && text !== '..'),
});

/** What a request's text may be made of, by the site's own doing. */
const TEXTS: ((item: Item) => string)[] = [
  () => 'products',
  ({ slug }) => slug,
  ({ slug }) => slug.slice(slug.lastIndexOf('-') + 1),
  ({ slug }) => `p-${slug}.json`,
  ({ lang }) => lang,
  ({ text }) => encodeURIComponent(text),
  ({ lang, slug }) => `${slug.slice(slug.lastIndexOf('-') + 1)}_${lang}`,
];

const site = fc.record({
  path: fc.array(fc.constantFrom(...TEXTS), { minLength: 1, maxLength: 4 }),
  query: fc.array(fc.constantFrom(...TEXTS), { maxLength: 3 }),
  second: fc.constantFrom(...TEXTS),
});

function pageOf({
  path,
  query,
  second,
}: {
  path: typeof TEXTS;
  query: typeof TEXTS;
  second: (item: Item) => string;
}) {
  return (of: Item): LearnPage => {
    const { slug, id, lang, text } = of;
    const parameters = query.map((make, at) => `q${at}=${make(of)}`).join('&');
    return aPage(`https://s.example/${lang}/p/${slug}?text=${encodeURIComponent(text)}`, {
      first: {
        // As a browser tells it.
        url: new URL(
          `${path.map((make) => make(of)).join('/')}${parameters === '' ? '' : `?${parameters}`}`,
          'https://api.s.example/',
        ).href,
        answer: { of: { id, lists: [slug, lang, 1, 2] }, n: text.length },
      },
      last: {
        method: 'POST',
        url: 'https://api.s.example/then',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id, second: decodeURIComponent(second(of)), max: 10 }),
      },
    });
  };
}

/** 0 to 9, each as likely. Mulberry32. */
function digitsOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * 10);
  };
}

describe('any site', () => {
  it('is foretold as it asks, or not at all', () => {
    let foretold = 0;
    fc.assert(
      fc.property(
        site,
        fc.uniqueArray(item, { minLength: 25, maxLength: 25, selector: ({ slug }) => slug }),
        (made, items) => {
          const pages = items.map(pageOf(made));
          for (let known = 5; known <= 20; known += 1) {
            const learned = learn(pages.slice(0, known));
            if (learned.kind === 'never') throw new Error(learned.why);
            if (learned.kind !== 'template') continue;
            for (const page of pages.slice(0, known))
              expect(contradiction(learned.template, page)).toBeUndefined();
            for (const page of pages.slice(known)) {
              const source = sourcePageOf(page);
              for (const request of learned.template) {
                const asked = page.answers.find(({ name }) => name === request.name)?.request;
                try {
                  const { url, body } = predict(request, source);
                  expect([url, body]).toEqual([asked?.url, asked?.body]);
                  foretold += 1;
                } catch (error) {
                  if (!(error instanceof Doubtful)) throw error;
                }
              }
            }
            return;
          }
        },
      ),
      { numRuns: 150, endOnFailure: true },
    );
    expect(foretold).toBeGreaterThan(4_000);
  });

  it('is not foretold by chance', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const digit = digitsOf(seed);
        const pages = Array.from({ length: 20 }, (_, at) =>
          aPage(`https://s.example/p/${at * 31}`, {
            all: {
              url: 'https://s.example/api/all',
              answer: Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`n${n}`, digit()])),
            },
            one: `https://s.example/api/one/${digit()}`,
          }),
        );
        for (const known of [5, 7, 10, 15, 20])
          expect(JSON.stringify(learn(pages.slice(0, known)))).not.toContain('"name":"one"');
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it('does not break on what it is given', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            url: fc.webUrl({ withQueryParameters: true, withFragments: true }),
            asked: fc.webUrl({ withQueryParameters: true }),
            body: fc.option(fc.oneof(fc.json(), fc.string()), { nil: undefined }),
            answer: fc.jsonValue(),
          }),
          { minLength: 5, maxLength: 8 },
        ),
        (drawn) => {
          const pages = drawn.map(({ url, asked, body, answer }) =>
            aPage(url, { a: { method: 'POST', url: asked, body, answer } }),
          );
          const learned = learn(pages);
          if (learned.kind === 'template')
            for (const page of pages) expect(contradiction(learned.template, page)).toBeUndefined();
        },
      ),
      { numRuns: 200, endOnFailure: true },
    );
  });
});
