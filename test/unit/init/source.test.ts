import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadChecked } from '../../../src/batch/context.js';
import type { ColumnKind, ProposedColumn } from '../../../src/init/columns.js';
import type { JsonField, Proposal, ProposedField } from '../../../src/init/proposal.js';
import { type TargetDraft, targetSource } from '../../../src/init/source.js';
import { template } from '../../../src/init/template.js';

const HOSTILE = [
  "'],key:[process.exit(7)],x:['",
  '*/ process.exit(7) /*',
  'a\nprocess.exit(7)//',
  'b\u2028process.exit(7)//',
  `\`\${process.exit(7)}\``,
  '\\',
  '[data-x="a\'b\\"]"] > .c',
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function fieldOf(name: string, select: string): ProposedField {
  return { from: 'repeated', name, select, attribute: null, kind: 'text', all: false, by: 'class' };
}

function columnOf(field: ProposedField, kind: ColumnKind, optional = false): ProposedColumn {
  return { field, name: field.name, kind, optional, example: 'x' };
}

function draftOf(changed: Partial<TargetDraft>, proposed: Partial<Proposal> = {}): TargetDraft {
  const columns = [
    columnOf(fieldOf('sku', '.sku'), 'string'),
    columnOf(fieldOf('price', '.price'), 'number', true),
    columnOf(fieldOf('tags', '.tag'), 'list'),
    columnOf(fieldOf('link', 'a'), 'url'),
    columnOf(fieldOf('since', 'time'), 'date'),
  ];
  return {
    name: 'drafted',
    url: 'https://shop.example/c/tea',
    columns,
    key: ['sku'],
    ready: '.card',
    discover: { urls: ['https://shop.example/c/tea'], sitemap: undefined, follow: ['a[rel~="next"]'] },
    answers: [],
    ...changed,
    proposal: {
      source: 'repeated',
      isList: true,
      count: 24,
      rows: '.card',
      type: undefined,
      root: undefined,
      isBeside: false,
      fields: columns.map(({ field }) => field),
      ...proposed,
    },
  };
}

async function load(source: string, name: string) {
  const file = path.join(folder, `${name}.ts`);
  await writeFile(file, source);
  return (await loadChecked(file)).definition;
}

/** What TypeScript says of it beside what it cannot find. */
function syntaxProblems(source: string): string[] {
  const { diagnostics = [] } = ts.transpileModule(source, {
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

const LD: ProposedField[] = [
  { from: 'json-ld', name: 'name', path: ['name'], ldKind: 'text' },
  { from: 'json-ld', name: 'price', path: ['offers', 'price'], ldKind: 'number' },
  { from: 'json-ld', name: 'since', path: ['releaseDate'], ldKind: 'date' },
  { from: 'json-ld', name: 'tags', path: ['keywords'], ldKind: 'list' },
  { from: 'json-ld', name: 'isNew', path: ['isNew'], ldKind: 'boolean' },
  { from: 'address', name: 'url' },
];
const LD_COLUMNS = LD.map((field) =>
  columnOf(
    field,
    ({ name: 'string', price: 'number', since: 'date', tags: 'list', isNew: 'boolean' } as const)[
      field.name as 'name'
    ] ?? 'string',
    field.name === 'isNew',
  ),
);

const json = (name: string, path: string[], more: Partial<JsonField> = {}): JsonField => ({
  ...{ from: 'json', name, source: 'product', path, jsonKind: 'text', isRaw: true },
  ...more,
});
const JSON_COLUMNS = [
  columnOf(json('sku', ['sku']), 'string'),
  columnOf(json('price', ['offer', 'price'], { jsonKind: 'number' }), 'number', true),
  columnOf(json('since', ['listed-at'], { jsonKind: 'date', isRaw: false }), 'date'),
  columnOf(
    json('image', ['images', '0', 'id'], { around: ['https://shop.example/i/', '.png'] }),
    'url',
    true,
  ),
  columnOf({ from: 'address', name: 'url' }, 'url'),
];
const SOURCE = { name: 'product', pattern: '/api/p/[^/?#]+$', method: undefined, operation: undefined };

/** Of its answers; `follow`: with links to more pages. */
function jsonDraft({
  items,
  follow = [],
  ...more
}: Partial<TargetDraft> & { items?: string[]; follow?: string[] }) {
  return draftOf(
    {
      columns: JSON_COLUMNS,
      discover: { urls: ['https://shop.example/p/a'], sitemap: undefined, follow },
      ...more,
    },
    { source: 'json', rows: undefined, isList: items !== undefined, json: { sources: [SOURCE], items } },
  );
}

describe('a written target', () => {
  test('of JSON answers names them, reads them, and says what may come of it', async () => {
    const source = targetSource(jsonDraft({}));
    const { data, ready, lane, extract } = await load(source, 'json');
    expect((data as { product: RegExp }).product.test('https://shop.example/api/p/a')).toBe(true);
    expect([ready, lane]).toEqual([undefined, 'render']);
    expect(source).toMatch(/^ {2}\/\/ `thresh check drafted` says what `lane: 'auto'` gains/m);
    const read = extract as unknown as (context: unknown) => unknown;
    const request = { url: 'https://shop.example/p/a' };
    const product = { sku: 'A', offer: { price: 2.5 }, 'listed-at': '2026-01-31', images: [{ id: 7 }] };
    const since = new Date('2026-01-31');
    expect(read({ data: { product }, request })).toEqual({
      ...{ sku: 'A', price: 2.5, since, image: 'https://shop.example/i/7.png', url: request.url },
    });
    expect(read({ data: { product: { sku: 'A', offer: null, images: [] } }, request })).toMatchObject({
      ...{ price: undefined, image: undefined },
    });
  });

  test('of a list in an answer gives a row an item, and follows where there are more', async () => {
    const plain = await load(targetSource(jsonDraft({ items: ['found', 'items'] })), 'json-list');
    const read = plain.extract as unknown as (context: unknown) => { sku: string }[];
    const items = [{ sku: 'a' }, { sku: 'b' }];
    const request = { url: 'https://shop.example/' };
    expect(read({ data: { product: { found: { items } } }, request }).map(({ sku }) => sku)).toEqual([
      'a',
      'b',
    ]);
    const followed = targetSource(jsonDraft({ items: [], follow: ['a[rel~="next"]'] }));
    expect(followed).not.toContain('lane');
    expect(syntaxProblems(followed)).toEqual([]);
    expect((await load(followed, 'json-follow')).ready).toBe('.card');
  });

  test('is a target, with what was proposed', async () => {
    const definition = await load(targetSource(draftOf({})), 'plain');
    expect(definition).toMatchObject({
      name: 'drafted',
      key: ['sku'],
      ready: '.card',
      fields: {
        rows: '.card',
        fields: {
          sku: '.sku',
          price: { select: '.price', as: 'number' },
          tags: { select: '.tag', all: true },
          link: { select: 'a', as: 'url' },
          since: { select: 'time', as: 'date' },
        },
        follow: [{ select: 'a[rel~="next"]' }],
      },
    });
    const { schema } = definition;
    const row = { sku: 'a', tags: [], link: 'https://x.example/', since: new Date() };
    expect(schema.safeParse(row).success).toBe(true);
    expect(schema.safeParse({ ...row, sku: '' }).success).toBe(false);
    expect(schema.safeParse({ ...row, price: '1' }).success).toBe(false);
  });

  test('with a sitemap takes the pages of the kind', async () => {
    const include = '^https://shop\\.example/p/[^/?#]+$';
    const discover = { urls: [], sitemap: { url: 'https://shop.example/sitemap.xml', include }, follow: [] };
    const definition = await load(targetSource(draftOf({ discover })), 'mapped');
    const options = (definition.discover as { options: { include: RegExp } }).options;
    expect(options.include.test('https://shop.example/p/x')).toBe(true);
    expect(options.include.test('https://shop.example/c/x')).toBe(false);
  });

  test.each(HOSTILE.map((text, at) => ({ text, at })))(
    'says $text and does not do it',
    async ({ text, at }) => {
      const draft = draftOf(
        {
          url: text,
          ready: text,
          columns: [
            columnOf(fieldOf('sku', text), 'string'),
            columnOf(fieldOf('price', `${text} b`), 'number'),
          ],
          discover: { urls: ['https://shop.example/'], sitemap: undefined, follow: [text] },
          answers: [{ method: text, url: text, shape: text }],
        },
        { rows: text },
      );
      const source = targetSource(draft);
      expect(syntaxProblems(source)).toEqual([]);
      const { fields, ready } = await load(source, `hostile-${at}`);
      expect(ready).toBe(text);
      expect(fields).toEqual({
        rows: text,
        fields: { sku: text, price: { select: `${text} b`, as: 'number' } },
        follow: [{ select: text }],
      });
    },
  );

  test.each(HOSTILE.map((text, at) => ({ text, at })))(
    'of JSON-LD says $text and does not do it',
    async ({ text, at }) => {
      const columns = [
        columnOf({ from: 'json-ld', name: 'name', path: [text, 'b'], ldKind: 'text' }, 'string'),
        ...LD_COLUMNS.slice(1),
      ];
      const source = targetSource(
        draftOf({ columns, key: ['url'] }, { source: 'json-ld', rows: undefined, type: text }),
      );
      expect(syntaxProblems(source)).toEqual([]);
      expect(typeof (await load(source, `hostile-ld-${at}`)).extract).toBe('function');
    },
  );

  test.each(HOSTILE.map((text) => ({ text })))(
    'of JSON answers says $text and does not do it',
    async ({ text }) => {
      const columns = [
        columnOf(json('sku', [text, text, '0'], { around: [text, text] }), 'string'),
        columnOf(json('price', [text], { jsonKind: 'number', isRaw: false }), 'number', true),
      ];
      const escaped = text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      const sources = [{ ...SOURCE, pattern: escaped, method: text }];
      const draft = { ...jsonDraft({ columns }), url: text };
      const source = targetSource({
        ...draft,
        proposal: { ...draft.proposal, json: { sources, items: [text] } },
      });
      expect(syntaxProblems(source)).toEqual([]);
    },
  );

  test('passes a strict compiler', async () => {
    const files = {
      fields: targetSource(draftOf({})),
      ld: targetSource(
        draftOf(
          { columns: LD_COLUMNS, key: ['url'] },
          { source: 'json-ld', rows: undefined, type: 'Product' },
        ),
      ),
      json: targetSource(jsonDraft({})),
      'json-list': targetSource(jsonDraft({ items: ['found', 'items'] })),
      'json-follow': targetSource(jsonDraft({ follow: ['a'] })),
      template: template('x', new URL('https://shop.example/sitemap.xml')),
    };
    const root = path.resolve(import.meta.dirname, '../../..');
    const names: string[] = [];
    for (const [name, source] of Object.entries(files)) {
      const file = path.join(folder, `typed-${name}.ts`);
      await writeFile(file, source);
      names.push(file);
    }
    const program = ts.createProgram(names, {
      strict: true,
      noUncheckedIndexedAccess: true,
      noUnusedLocals: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: [],
      paths: {
        thresh: [path.join(root, 'src/index.ts')],
        zod: [path.join(root, 'node_modules/zod')],
        playwright: [path.join(root, 'node_modules/playwright')],
      },
    });
    const problems = names.flatMap((name) => {
      const file = program.getSourceFile(name);
      return ts
        .getPreEmitDiagnostics(program, file)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    });
    expect(problems).toEqual([]);
  });
});

test.each(HOSTILE)('the template says %j and does not do it', async (text) => {
  const url = new URL(`https://shop.example/?q=${encodeURIComponent(text)}'"`);
  const source = template('hostile', url);
  expect(syntaxProblems(source)).toEqual([]);
  expect((await load(source, 'hostile-template')).discover).toEqual([url.href]);
});
