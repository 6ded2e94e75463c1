import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answersInHtml, type EmbeddedJson, embeddedValue } from '../../../src/data-lane/embedded.js';
import { scriptsOf } from '../../../src/data-lane/html-scripts.js';
import { readNuxtPayload } from '../../../src/data-lane/nuxt-payload.js';
import { parseScriptSelector } from '../../../src/target/script-selector.js';

const source = (embedded: string, all = false): EmbeddedJson => ({
  kind: 'embedded',
  name: 'x',
  optional: false,
  embedded,
  all,
});
function valueIn(html: string, embedded: string, all = false): unknown {
  const [answer] = answersInHtml([source(embedded, all)], html, 'https://s.example/p');
  return answer && embeddedValue(source(embedded, all), answer.text);
}

test('JSON-LD: every item of every script, graphs and lists taken apart, what is no JSON left out', () => {
  const html = `<head><script type="application/ld+json">{"@graph":[{"@type":"A"},{"@type":"B"}]}</script>
    <script type='Application/LD+JSON' nonce=x>[{"@type":"C"}]</script>
    <script type=application/ld+json>{ broken</script>
    <!-- <script type="application/ld+json">{"@type":"hidden"}</script> -->
    <style><script type="application/ld+json">{"@type":"styled"}</script></style></head>`;
  expect(valueIn(html, 'json-ld')).toEqual([{ '@type': 'A' }, { '@type': 'B' }, { '@type': 'C' }]);
});

test('the state that frameworks hand over', () => {
  expect(
    valueIn(
      '<script id="__NEXT_DATA__" type="application/json">{"props":{"a":"<\\/script>"}}</script>',
      '__NEXT_DATA__',
    ),
  ).toEqual({ props: { a: '</script>' } });
  const nuxt3 =
    '<script type="application/json" id="__NUXT_DATA__" data-ssr="true">[["ShallowReactive",1],{"data":2,"n":-1},{"p":3},{"sku":4,"at":5,"tags":6},"K1",["Date","2026-01-02T00:00:00.000Z"],["Set",4]]</script>';
  expect(valueIn(nuxt3, '__NUXT__')).toEqual({
    data: { p: { sku: 'K1', at: '2026-01-02T00:00:00.000Z', tags: ['K1'] } },
    n: undefined,
  });
  expect(valueIn('<script>window.__NUXT__={"data":[{"sku":"K1"}]};</script>', '__NUXT__')).toEqual({
    data: [{ sku: 'K1' }],
  });
  expect(
    valueIn('<script>window.__NUXT__=(function(a){return {a:a}}(1))</script>', '__NUXT__'),
  ).toBeUndefined();
});

test('scripts by a selector, the first or all', () => {
  const html = `<script data-state='cart' type="application/json">{"n":1}</script>
    <SCRIPT class="x state" data-state="product &amp; more" type="application/json">{"n":2}</SCRIPT>
    <template><script data-state="t">{"n":3}</script></template><script data-state>`;
  expect(valueIn(html, 'script[data-state]')).toEqual({ n: 1 });
  expect(valueIn(html, '[data-state]', true)).toEqual([{ n: 1 }, { n: 2 }]);
  expect(valueIn(html, 'script.state[data-state^="product &"]')).toEqual({ n: 2 });
  expect(valueIn(html, '#none')).toBeUndefined();
});

test('what of several sources a document holds, each as an answer to the request for the page', () => {
  const html =
    '<script id="__NEXT_DATA__">{"n":1}</script><script type="application/ld+json">{"@type":"A"}</script>';
  const sources = [source('#none'), source('__NEXT_DATA__'), source('json-ld')];
  const named = sources.map((one, at) => ({ ...one, name: `s${at}` }));
  const request = { method: 'GET', url: 'https://s.example/p', headers: {}, body: undefined };
  const answer = { request, status: 200, contentType: 'application/json' };
  expect(answersInHtml(named, html, request.url)).toEqual([
    { ...answer, name: 's1', text: '{"n":1}' },
    { ...answer, name: 's2', text: '[{"@type":"A"}]' },
  ]);
});

test('selectors of more than one element are none', () => {
  for (const good of ['script#a', '#a.b', 'script[data-x="1" i]', "script[type='application/json'].s"])
    expect(parseScriptSelector(good), good).toBeDefined();
  for (const bad of [
    '',
    'script',
    'div',
    'div script',
    'head > script#a',
    'script:first-child',
    '#a, #b',
    '[a=b',
  ])
    expect(parseScriptSelector(bad), bad).toBeUndefined();
});

test('a document that is cut anywhere gives what stands whole in it, and never throws', () => {
  const html = `<p title="<script>"><script a="1">one</script><!-- x --><script b>two</script>`;
  for (let length = 0; length <= html.length; length++)
    expect([...scriptsOf(html.slice(0, length))].length).toBeLessThanOrEqual(3);
  expect([...scriptsOf(html)].map(({ text }) => text)).toEqual(['one', 'two']);
});

test('what stands in attributes is no script, however they are quoted', () => {
  const fake = '<script id="__NEXT_DATA__">{"n":0}</script>';
  const real = '<script id="__NEXT_DATA__">{"n":1}</script>';
  for (const before of [
    `<img alt='a > b ${fake}'>`,
    `<p data-x = '${fake}' title=it's>`,
    `<iframe srcdoc='${fake}'></iframe>`,
    `</p title='${fake}'>`,
    `<a b=c'd e='${fake}'>`,
    `<!-- ${fake} -->`,
    `<a href=x=y"z>`,
    '<p title= >',
  ])
    expect(valueIn(`${before}${real}`, '__NEXT_DATA__'), before).toEqual({ n: 1 });
});

test('documents written to be slow are read in time that grows with their length alone', () => {
  const hostile = [
    '<script ',
    '<script a="',
    '<!--',
    '<script>',
    '<style',
    '<a b=',
    '<a b= "',
    '<a>',
    '<a ',
    `<script>${' '.repeat(200_000)}`,
  ].map((part) => part.repeat(Math.ceil(400_000 / part.length)));
  const started = performance.now();
  for (const html of hostile) {
    valueIn(html, '__NUXT__');
    valueIn(html, 'json-ld');
  }
  expect(performance.now() - started).toBeLessThan(2_000);
});

test('a payload that is none is refused, whatever it is', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (places) => {
      try {
        readNuxtPayload(places);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }),
  );
  expect(() => readNuxtPayload([[1], [0]])).not.toThrow();
  const chain = Array.from({ length: 5_000 }, (_, at) => [at + 1]);
  expect(() => readNuxtPayload(chain)).toThrow(SyntaxError);
});
