import { describe, expect, it } from 'vitest';
import { departureOf, type Shape } from '../../../src/data-lane/shape.js';
import { createFetchKind, type FetchKind, kindNameOf } from '../../../src/page/fetch/fetch-kind.js';
import { aPage } from '../data-lane/a-page.js';

const api = (n: number, version = 1): string => `https://s.example/v${version}/items/${n * 7919}`;

function see(
  kind: FetchKind,
  n: number,
  more: { url?: string; headers?: Record<string, string>; data?: object } = {},
) {
  const { url = api(n), headers = {}, data = { item: { id: n } } } = more;
  const page = aPage(`https://s.example/p/${n * 7919}`, { item: { url, headers } });
  kind.saw({ ...page, captured: { answers: [...page.answers], data: data as never } });
}

/** As far as pages are fetched. */
function fetching(): FetchKind {
  const kind = createFetchKind(undefined);
  for (let n = 1; n <= 5; n += 1) see(kind, n);
  kind.tried();
  kind.tried();
  return kind;
}

it.each([
  ['https://s.example/-/web/detail/thing?v=1#readme', undefined, '4 segments'],
  ['https://s.example/-/web/detail/@maker/thing', undefined, '5 segments'],
  ['https://s.example/', 'front', 'front, 1 segment'],
])('%s of label %s is of the kind "%s"', (url, label, kind) => {
  expect(kindNameOf({ url, label })).toBe(kind);
});

describe('the pages of a kind', () => {
  it('are learned from, tried, fetched', () => {
    const kind = createFetchKind(undefined);
    for (let n = 1; n <= 4; n += 1) see(kind, n);
    expect([kind.stage(), kind.why()]).toEqual(['learning', '1 more pages to learn from']);
    see(kind, 5);
    expect(kind.stage()).toBe('trying');
    expect([kind.tried(), kind.tried()]).toEqual([false, true]);
    expect(kind.stage()).toBe('fetching');
  });

  it('are tried alone when another batch learned them', () => {
    const kind = createFetchKind(JSON.parse(JSON.stringify(fetching().known())));
    expect(kind.stage()).toBe('trying');
    see(kind, 9);
    expect([kind.tried(), kind.tried(), kind.stage()]).toEqual([false, true, 'fetching']);
  });

  it('are learned anew from a page that asks for something else', () => {
    const kind = fetching();
    see(kind, 6, { url: api(6, 2) });
    expect(kind.stage()).toBe('never'); // the same pages in two ways
    expect(kind.why()).toMatch(/segment 1 of the path of item \(v1, v2\)/);
  });

  it('are learned anew after five that had to be rendered in a row, not after five in all', () => {
    const kind = fetching();
    for (let n = 0; n < 4; n += 1) kind.missed('it is empty');
    kind.fetched();
    for (let n = 0; n < 4; n += 1) kind.missed('it is empty');
    expect(kind.stage()).toBe('fetching');
    kind.missed('it is empty');
    expect([kind.stage(), kind.why()]).toEqual([
      'learning',
      '5 pages in a row had to be rendered all the same (it is empty)',
    ]);
    for (let n = 1; n <= 5; n += 1) see(kind, n, { url: api(n, 2) });
    expect(kind.stage()).toBe('trying');
  });

  it('are not learned anew for ever', () => {
    const kind = fetching();
    for (let start = 0; start < 7; start += 1) {
      for (let n = 0; n < 5; n += 1) kind.missed('it is empty');
      for (let n = 1; n <= 5; n += 1) see(kind, n);
      kind.tried();
      kind.tried();
    }
    expect([kind.stage(), kind.why()]).toEqual([
      'never',
      'it was learned 6 times and did not hold: 5 pages in a row had to be rendered all the same (it is empty)',
    ]);
  });

  it('have a header that is another one each time left out, then sent as the latest page sent it', () => {
    const kind = createFetchKind(undefined);
    for (let n = 1; n <= 5; n += 1) see(kind, n, { headers: { 'x-token': `t${n}` } });
    expect(kind.template()[0]?.headers).toEqual([{ name: 'x-token', kind: 'left-out' }]);
    expect(kind.triedInVain()).toBe(true);
    expect(kind.template()[0]?.headers).toEqual([{ name: 'x-token', kind: 'session' }]);
    expect(kind.triedInVain()).toBe(false);
  });

  it('are given up when tokens are over as soon as they are had', () => {
    const kind = fetching();
    for (let n = 0; n < 6; n += 1) kind.renewed();
    expect(kind.stage()).toBe('fetching');
    for (let n = 0; n < 20; n += 1) kind.fetched();
    for (let n = 0; n < 7; n += 1) kind.renewed();
    expect(kind.stage()).toBe('never');
  });

  it('are known by their shape, which every rendered page adds to', () => {
    const kind = fetching();
    see(kind, 6, { data: { item: { id: 6, colour: 'red' } } });
    expect(kind.shapes().get('item')?.fields.colour).toMatchObject({ always: false });
    expect(kind.stage()).toBe('fetching');
  });
});

describe('pages whose data stand in their documents', () => {
  const seeDocument = (kind: FetchKind, n: number, embedded: Record<string, unknown>): void => {
    const data = Object.fromEntries(Object.entries(embedded).filter(([, value]) => value !== undefined));
    kind.saw({
      ...aPage(`https://s.example/p/${n}`, {}),
      embedded,
      captured: { answers: [], data: data as never },
    });
  };

  it('are tried after as many as others, and there is nothing to be asked beside the document', () => {
    const kind = createFetchKind(undefined);
    for (let n = 1; n <= 5; n += 1) seeDocument(kind, n, { next: { id: n } });
    expect([kind.stage(), kind.template()]).toEqual(['trying', []]);
    seeDocument(kind, 6, { next: { id: 6 } });
    expect([kind.tried(), kind.tried(), kind.stage()]).toEqual([false, true, 'fetching']);
    see(kind, 7);
    expect([kind.stage(), kind.why()]).toEqual(['never', 'item came on 1 of 6 pages']);
  });

  it('are without what need not be there where one of them was', () => {
    const kind = createFetchKind(undefined);
    for (let n = 1; n <= 5; n += 1) seeDocument(kind, n, { next: { id: n }, ld: n === 3 ? undefined : [] });
    const departure = (name: string): string | undefined =>
      departureOf(kind.shapes().get(name) as Shape, undefined, name);
    expect(departure('ld')).toBeUndefined();
    expect(departure('next')).toBe('next is null, where it was object');
  });

  it('are given up when there is nothing in any', () => {
    const kind = createFetchKind(undefined);
    for (let n = 1; n <= 5; n += 1) seeDocument(kind, n, { next: undefined });
    expect([kind.stage(), kind.why()]).toEqual(['never', 'no answer was captured']);
  });
});
