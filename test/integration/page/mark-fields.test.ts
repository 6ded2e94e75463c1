/** What a page's fields were read from, drawn over it: seen by a person, and by nothing in the page. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Lease } from '../../../browser-pool/index.js';
import { markFields } from '../../../src/page/mark-fields.js';
import { resolveTarget } from '../../../src/target/defaults.js';
import type { FieldsSpec } from '../../../src/target/definition.js';
import { anyone, openPool, openSite, type PoolLab, type Site } from '../browser-pool/pool-lab.js';

const card = (n: number, price: string): string =>
  `<div class="card" data-sku="s${n}"><h2>Kettle ${n}</h2>${price}<i>a</i><i>b</i></div>`;
const PAGE = `<!doctype html><style>div { display: block } body { margin: 40px }</style>
<body>${card(1, '<b>1.50</b>')}${card(2, '')}
<script>
  const seen = [];
  new MutationObserver((all) => seen.push(...all)).observe(document.body, { subtree: true, childList: true, attributes: true });
</script></body>`;

let lab: PoolLab;
let site: Site;
let lease: Lease;

beforeAll(async () => {
  lab = await openPool();
  site = await openSite({ '/': PAGE });
  lease = await lab.pool.lease(anyone());
});

afterAll(async () => {
  await lease?.release('good');
  await site?.close();
  await lab?.close();
});

function mark(fields: FieldsSpec | Record<string, FieldsSpec>, label?: string) {
  const definition = { name: 'x', schema: z.object({}), key: [], discover: [], fields };
  return markFields(lease.page, resolveTarget(definition as never, '/x.ts'), label);
}

/** The text of all shadow roots, closed ones too. */
async function drawnText(): Promise<string[]> {
  const session = await lease.page.context().newCDPSession(lease.page);
  const { root } = await session.send('DOM.getDocument', { depth: -1, pierce: true });
  const texts: string[] = [];
  const walk = (node: typeof root, isDrawn: boolean): void => {
    if (isDrawn && node.nodeName === '#text') texts.push(node.nodeValue);
    for (const child of node.children ?? []) walk(child, isDrawn);
    for (const shadow of node.shadowRoots ?? []) walk(shadow, true);
  };
  walk(root, false);
  await session.detach();
  return texts;
}

test('rows: each field of each row is outlined and named, what is missing is listed', async () => {
  await lease.page.goto(site.url);
  const body = await lease.page.evaluate('document.body.outerHTML');
  const before = await lease.page.screenshot();
  const fields = {
    sku: '@data-sku',
    title: 'h2',
    price: { select: 'b', as: 'number' as const },
    tags: { select: 'i', all: true },
    '<img src=x onerror=alert(1)>': '.none',
  };
  expect(await mark({ rows: '.card', fields })).toEqual({
    outlined: 2 + 2 + 1 + 4,
    rows: 2,
    missing: [
      { name: 'price', rows: 1 },
      { name: '<img src=x onerror=alert(1)>', rows: 2 },
    ],
  });
  expect(before.equals(await lease.page.screenshot())).toBe(false);
  const drawn = await drawnText();
  expect(drawn.filter((text) => text === 'title')).toHaveLength(2);
  expect(drawn).toContain('not found\nprice: in 1 of 2 rows\n<img src=x onerror=alert(1)>: in 2 of 2 rows');
  // The page itself is as it was, and its scripts saw nothing of it.
  expect(await lease.page.evaluate('document.body.outerHTML')).toBe(body);
  expect(await lease.page.evaluate('seen.length')).toBe(0);
  expect(await lease.page.evaluate('document.documentElement.lastElementChild.shadowRoot')).toBeNull();
});

test('by label, and a page without its rows', async () => {
  await lease.page.goto(`${site.url}/?again`);
  const fields = { list: { rows: '.gone', fields: { title: 'h2' } } };
  expect(await mark(fields, 'list')).toEqual({ outlined: 0, rows: 0, missing: [{ name: 'title', rows: 0 }] });
  expect(await drawnText()).toEqual(['not found\nno element is .gone']);
  expect(await mark(fields, 'other')).toBeUndefined();
});
