/** Requests that follow from JSON of the page's own document: it is there before anything is asked for. */
import { expect, it } from 'vitest';
import { type LearnPage, learn, sourcePageOf } from '../../../src/data-lane/learn.js';
import { contradiction, Doubtful, predict } from '../../../src/data-lane/predict.js';
import type { PageTemplate } from '../../../src/data-lane/template.js';
import { aPage } from './a-page.js';

const slugs = ['red-lamp', 'blue-chair', 'oak-table', 'tin-can', 'wool-hat', 'ink-pen', 'fur-coat'];

/** A page of an application built as `build`, which asks for what its document does not hold. */
function builtPage(at: number, build = 'aZ3xQ9'): LearnPage {
  const slug = slugs[at] as string;
  const id = (at + 11) * 7919;
  return aPage(
    `https://s.example/p/${slug}`,
    {
      page: `https://s.example/_next/data/${build}/p/${slug}.json`,
      stock: `https://s.example/api/stock/${id}`,
    },
    { embedded: { next: { buildId: build, props: { product: { id } } }, ld: undefined } },
  );
}

function learned(pages: readonly LearnPage[]): PageTemplate {
  const outcome = learn(pages);
  if (outcome.kind !== 'template') throw new Error(`${outcome.kind}: ${outcome.why}`);
  return JSON.parse(JSON.stringify(outcome.template)) as PageTemplate;
}

const urlsOf = (template: PageTemplate, page: LearnPage): string[] =>
  template.map((request) => predict(request, sourcePageOf(page)).url);

it('what a request takes of the document is needed before it is asked', () => {
  const template = learned(slugs.slice(0, 5).map((_, at) => builtPage(at)));
  expect(template.map(({ name, needs }) => [name, needs])).toEqual([
    ['page', ['next']],
    ['stock', ['next']],
  ]);
  expect(contradiction(template, builtPage(5))).toBeUndefined();
  expect(urlsOf(template, builtPage(5))).toEqual([
    'https://s.example/_next/data/aZ3xQ9/p/ink-pen.json',
    `https://s.example/api/stock/${16 * 7919}`,
  ]);
});

it('a build that all pages had alike is not guessed when there is another, and known when a page has shown it', () => {
  const pages = slugs.slice(0, 5).map((_, at) => builtPage(at));
  const template = learned(pages);
  const other = builtPage(5, 'bK77aa');
  expect(() => urlsOf(template, other)).toThrow(Doubtful);
  expect(contradiction(template, other)).toMatch(/^two explanations differ: aZ3xQ9 or bK77aa$/);
  expect(urlsOf(learned([...pages, other]), builtPage(6, 'cC0')).at(0)).toBe(
    'https://s.example/_next/data/cC0/p/fur-coat.json',
  );
});

it('JSON that some documents do without explains nothing', () => {
  const pages = slugs.slice(0, 5).map((_, at) => {
    const page = builtPage(at);
    return at === 2 ? { ...page, embedded: { next: undefined } } : page;
  });
  const outcome = learn(pages);
  expect(outcome).toMatchObject({
    kind: 'never',
    why: expect.stringMatching(/^segment 3 of the path of stock/),
  });
});

it('pages with nothing but embedded JSON ask for nothing more', () => {
  const pages = slugs.map((slug) => aPage(`https://s.example/${slug}`, {}, { embedded: { next: { slug } } }));
  expect(learned(pages)).toEqual([]);
  const asking = aPage(
    'https://s.example/x',
    { more: 'https://s.example/api/x' },
    { embedded: { next: {} } },
  );
  expect(contradiction([], asking)).toBe('more was asked for as well');
});
