import { describe, expect, it } from 'vitest';
import { type LearnPage, learn, sourcePageOf } from '../../../src/data-lane/learn.js';
import { contradiction, Doubtful, predict } from '../../../src/data-lane/predict.js';
import { leftOut, type PageTemplate } from '../../../src/data-lane/template.js';
import { aPage } from './a-page.js';

const slugs = ['red-lamp-101', 'blue-chair-7', 'oak-table-3300', 'tin-can-42', 'wool-hat-515', 'ink-pen-68'];

function learned(pages: readonly LearnPage[]): PageTemplate {
  const outcome = learn(pages);
  if (outcome.kind !== 'template') throw new Error(`${outcome.kind}: ${outcome.why}`);
  return JSON.parse(JSON.stringify(outcome.template)) as PageTemplate;
}

/** Learns from all but the last and asks for the last one's requests. */
function foretold(pages: readonly LearnPage[]) {
  const template = learned(pages.slice(0, -1));
  const last = pages.at(-1) as LearnPage;
  expect(contradiction(template, last)).toBeUndefined();
  return template.map((request) => predict(request, sourcePageOf(last)));
}

function whyNot(pages: readonly LearnPage[]) {
  const outcome = learn(pages);
  return outcome.kind === 'template' ? JSON.stringify(outcome.template) : `${outcome.kind}: ${outcome.why}`;
}

describe('what is learned', () => {
  it('takes a slug out of the path', () => {
    const pages = slugs.map((slug) =>
      aPage(`https://shop.example/p/${slug}`, {
        product: `https://api.shop.example/v1/products/${slug}?lang=en`,
      }),
    );
    expect(foretold(pages)).toMatchObject([
      { url: 'https://api.shop.example/v1/products/ink-pen-68?lang=en', method: 'GET', body: undefined },
    ]);
  });

  it('takes the last part of a slug, before an extension', () => {
    const pages = slugs.map((slug) =>
      aPage(`https://s.example/p/${slug}.html`, {
        product: `https://s.example/api/${slug.split('-').at(-1)}.json`,
      }),
    );
    expect(foretold(pages)[0]?.url).toBe('https://s.example/api/68.json');
  });

  it('writes values as the application does', () => {
    const names = ['a b', 'ü', 'c+d', 'x/y', 'e&f', 'z?'];
    const pages = names.map((name) =>
      aPage(`https://s.example/find?q=${encodeURIComponent(name)}`, {
        found: `https://s.example/api/find?${new URLSearchParams({ text: name, max: '10' })}`,
      }),
    );
    expect(foretold(pages)[0]?.url).toBe('https://s.example/api/find?text=z%3F&max=10');
  });

  it('writes an apostrophe as an address has it in its query, where browsers escape it', () => {
    const names = ["men's", 'hats', "kids' shoes", 'bags', "women's", "o'neill"];
    const pages = names.map((name) =>
      aPage(`https://s.example/find?q=${encodeURIComponent(name)}`, {
        found: new URL(`https://s.example/api/find?text=${encodeURIComponent(name)}`).href,
      }),
    );
    expect(foretold(pages)[0]?.url).toBe('https://s.example/api/find?text=o%27neill');
  });

  it('foretells nothing where a constant may have been a value that all pages seen had alike', () => {
    const page = (lang: string, slug: string) =>
      aPage(`https://s.example/${lang}/p/${slug}`, {
        product: `https://s.example/api/${slug.split('-').at(-1)}_${lang}?in=prices-${lang}`,
      });
    const seen = slugs.map((slug) => page('de', slug));
    const [request] = learned(seen);
    const of = (lang: string) => predict(request as PageTemplate[number], sourcePageOf(page(lang, 'new-7')));
    expect(of('de').url).toBe('https://s.example/api/7_de?in=prices-de');
    expect(() => of('fr')).toThrow(Doubtful);
    const more = [...seen, ...slugs.map((slug) => page('fr', slug)), page('en', 'new-7')];
    expect(foretold(more)[0]?.url).toBe('https://s.example/api/7_en?in=prices-en');
  });

  it('takes values of the page’s data and of its label', () => {
    const pages = slugs.map((slug, at) =>
      aPage(
        `https://s.example/${at}`,
        { product: `https://s.example/api/sets/${slug}` },
        { data: { item: { code: slug } }, label: 'detail' },
      ),
    );
    expect(foretold(pages)[0]?.url).toBe('https://s.example/api/sets/ink-pen-68');
  });

  it('takes values of an earlier answer', () => {
    const ids = [9_120_331, 4_410_922, 7_001_293, 1_230_874, 6_650_015, 3_333_916];
    const pages = slugs.map((slug, at) =>
      aPage(`https://s.example/p/${slug}`, {
        product: {
          url: `https://s.example/api/p/${slug}`,
          answer: { product: { id: ids[at], name: `no ${at}` }, other: [1, 2, 3] },
        },
        stock: `https://s.example/api/stock?id=${ids[at]}`,
      }),
    );
    const template = learned(pages.slice(0, -1));
    expect(template.map(({ name, needs }) => [name, needs])).toEqual([
      ['product', []],
      ['stock', ['product']],
    ]);
    expect(foretold(pages)[1]?.url).toBe('https://s.example/api/stock?id=3333916');
  });

  it('makes a GraphQL body', () => {
    const pages = slugs.map((slug) =>
      aPage(`https://s.example/p/${slug}`, {
        product: {
          method: 'POST',
          url: 'https://s.example/graphql',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({
            operationName: 'Product',
            variables: { slug, id: Number(slug.split('-').at(-1)), first: 10, deep: { on: true, off: null } },
            query: 'query Product($slug: String!) { product(slug: $slug) { sku } }',
          }),
        },
      }),
    );
    const [request] = foretold(pages);
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      variables: { slug: 'ink-pen-68', id: 68, first: 10 },
    });
    expect(learned(pages)[0]?.headers).toEqual([{ name: 'content-type', kind: 'session' }]);
  });

  it('makes JSON within an address', () => {
    const pages = slugs.map((slug) =>
      aPage(`https://s.example/p/${slug}`, {
        product: `https://s.example/graphql?op=P&variables=${encodeURIComponent(JSON.stringify({ slug, n: 3, id: slug.split('-').at(-1) }))}`,
      }),
    );
    expect(new URL(foretold(pages)[0]?.url ?? '').searchParams.get('variables')).toBe(
      '{"slug":"ink-pen-68","n":3,"id":"68"}',
    );
  });

  it('makes the body of a form', () => {
    const pages = slugs.map((slug) =>
      aPage(`https://s.example/p/${slug}`, {
        product: {
          method: 'POST',
          url: 'https://s.example/read',
          headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
          body: `what=product&slug=${slug}`,
        },
      }),
    );
    expect(foretold(pages)[0]?.body).toBe('what=product&slug=ink-pen-68');
  });

  it('joins several values in one text', () => {
    const pages = slugs.map((slug, at) =>
      aPage(`https://s.example/${['en', 'de', 'fr'][at % 3]}/p/${slug.split('-').at(-1)}`, {
        product: `https://s.example/api/${slug.split('-').at(-1)}_${['en', 'de', 'fr'][at % 3]}.json`,
      }),
    );
    expect(foretold(pages)[0]?.url).toBe('https://s.example/api/68_fr.json');
  });
});

describe('what is not sure', () => {
  it('is not asked for while two explanations differ, and is settled by the page', () => {
    const page = (lang: string, slug: string) =>
      aPage(`https://s.example/${lang}/p/${slug}`, { product: `https://s.example/api/${lang}/${slug}` });
    const pages = slugs.map((slug) => page('de', slug));
    const template = learned(pages);
    const other = page('fr', 'tea-pot-9');
    expect(() => predict(template[0] as never, sourcePageOf(other))).toThrow('two explanations differ');
    const settled = learned([...pages, other]);
    expect(predict(settled[0] as never, sourcePageOf(page('it', 'cup-1'))).url).toBe(
      'https://s.example/api/it/cup-1',
    );
  });

  it('asks for more pages while what fits may fit by chance', () => {
    const page = (at: number) =>
      aPage(`https://s.example/list/${at}`, {
        list: {
          url: 'https://s.example/api/list',
          answer: Object.fromEntries(
            Array.from({ length: 400 }, (_, n) => [`n${n}`, n === 7 ? at % 3 : n % 10]),
          ),
        },
        more: `https://s.example/api/more/${at % 3}`,
      });
    expect(whyNot([0, 1, 2, 3, 4].map(page))).toBe(
      'more: segment 3 of the path of more (0, 1, 2) says too little to be sure of where it comes from',
    );
    const pages = Array.from({ length: 14 }, (_, at) => page(at));
    expect(foretold(pages)[1]?.url).toBe('https://s.example/api/more/1');
  });

  it('wants five pages', () => {
    expect(
      whyNot(
        slugs
          .slice(0, 3)
          .map((slug) => aPage(`https://s.example/${slug}`, { a: `https://s.example/api/${slug}` })),
      ),
    ).toBe('more: 2 more pages to learn from');
  });
});

describe('what is not learned', () => {
  const refusals: [string, (slug: string, at: number) => LearnPage, string][] = [
    [
      'an id that stands nowhere',
      (slug, at) => aPage(`https://s.example/p/${slug}`, { a: `https://s.example/api/${(at + 3) * 7919}` }),
      "never: segment 2 of the path of a (23757, 31676, 39595) is nothing that the page's address, label, data or earlier answers hold",
    ],
    [
      'a host of each page',
      (slug, at) => aPage(`https://s.example/p/${slug}`, { a: `https://s${at}.example/api/${slug}` }),
      'never: a is asked for at several hosts',
    ],
    [
      'what may change something',
      (slug) =>
        aPage(`https://s.example/p/${slug}`, { a: { method: 'PUT', url: `https://s.example/api/${slug}` } }),
      'never: a is asked for by PUT, which may change something',
    ],
    [
      'an answer that some pages lack',
      (slug, at) =>
        aPage(`https://s.example/p/${slug}`, {
          a: `https://s.example/api/${slug}`,
          ...(at === 1 ? {} : { b: 'https://s.example/api/b' }),
        }),
      'never: b came on 5 of 6 pages',
    ],
    [
      'a body of another shape each time',
      (slug, at) =>
        aPage(`https://s.example/p/${slug}`, {
          a: {
            method: 'POST',
            url: 'https://s.example/api',
            body: JSON.stringify(at === 2 ? { slug } : { slug, at: 1 }),
          },
        }),
      'never: the body of a has not the same shape on every page',
    ],
    [
      'parameters that come and go',
      (slug, at) =>
        aPage(`https://s.example/p/${slug}`, { a: `https://s.example/api/${slug}${at === 0 ? '' : '?x=1'}` }),
      'never: a has not the same parameters on every page',
    ],
    [
      'part of a word that fits by chance',
      (slug) => aPage(`https://s.example/p/${slug}`, { a: `https://s.example/api/x${slug}` }),
      "never: segment 2 of the path of a (xred-lamp-101, xblue-chair-7, xoak-table-3300) is nothing that the page's address, label, data or earlier answers hold",
    ],
  ];
  for (const [what, page, why] of refusals) {
    it(what, () => {
      expect(whyNot(slugs.map(page))).toBe(why);
    });
  }
});

describe('what a request carries beside', () => {
  it('leaves out what is another one on each page, and names it', () => {
    const pages = slugs.map((slug, at) =>
      aPage(`https://s.example/p/${slug}`, {
        a: {
          url: `https://s.example/api/${slug}?_=${1_790_000_000_000 + at * 7_133}&x=1`,
          headers: {
            'X-Request-Id': `${at}a${at * 31}`,
            'x-csrf': 'of the session',
            'user-agent': 'x',
            'sec-ch-ua': 'y',
          },
        },
      }),
    );
    const template = learned(pages.slice(0, -1));
    expect(leftOut(template)).toEqual(['parameter _ of a', 'header x-request-id of a']);
    expect(foretold(pages)[0]).toMatchObject({
      url: 'https://s.example/api/ink-pen-68?x=1',
    });
    expect(template[0]?.headers).toEqual([
      { name: 'x-csrf', kind: 'session' },
      { name: 'x-request-id', kind: 'left-out' },
    ]);
    expect(JSON.stringify(template)).not.toContain('of the session');
  });

  it('has the latest of tokens that a session renews', () => {
    const pages = slugs.map((slug, at) =>
      aPage(
        `https://s.example/p/${slug}`,
        {
          a: {
            url: `https://s.example/api/${slug}`,
            headers: { authorization: at < 3 ? 'Bearer 1' : 'Bearer 2' },
          },
        },
        { session: 'one' },
      ),
    );
    expect(learned(pages)[0]?.headers).toEqual([{ name: 'authorization', kind: 'session' }]);
  });
});

describe('a template never leads elsewhere', () => {
  const pages = slugs.map((slug) =>
    aPage(`https://s.example/p?id=${slug}`, { a: `https://s.example/api/${slug}/x` }),
  );
  const hostile = [
    '..',
    '.',
    'a/b',
    '/evil.example',
    '//evil.example/x',
    'x?y=1',
    'x#y',
    '%2e%2e',
    '\\evil',
    '@evil',
    '',
  ];
  for (const id of hostile) {
    it(JSON.stringify(id), () => {
      const [template] = learned(pages);
      const page = { url: `https://s.example/p?id=${encodeURIComponent(id)}`, answers: new Map() };
      let url: URL | undefined;
      try {
        url = new URL(predict(template as never, page).url);
      } catch {
        return; // nothing is asked
      }
      expect([url.origin, url.pathname.split('/').length, url.search]).toEqual(['https://s.example', 4, '']);
    });
  }
});
