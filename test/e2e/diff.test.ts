/** `thresh diff` over batches of a small site whose rows change between two nights. In S3: s3.test.ts. */
import { cp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type DiffOptions, diff } from '../../src/cli/diff.js';
import { readSettings } from '../../src/settings.js';
import { type Lab, openLab } from '../support/lab.js';
import { longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';
import { openVisitor } from '../support/visitor.js';

const HOSTILE = '\u001b]0;owned\u0007\u001b[31mred\u202e<img src=x onerror="window.owned=1">';
/** Rows by night. */
const NIGHTS = [
  [
    { sku: 'a', title: 'Tea', price: 1.5, tags: ['hot'] },
    { sku: 'b', title: 'Salt', price: 2, tags: [] },
    { sku: 'c', title: 'Oil', price: 3, tags: [] },
  ],
  [
    { sku: 'a', title: HOSTILE, price: 1.75, tags: ['hot', 'new'] },
    { sku: 'b', title: 'Salt', price: 2, tags: [] },
    { sku: 'd', title: `New ${HOSTILE}`, price: 4, tags: [] },
  ],
] as const;

let lab: Lab;
let site: SmallServer;
let night = 0;
const batches: string[] = [];

const codeOf = (name: string, columns: string): string => `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: '${name}',
  schema: z.object({ sku: z.string(), title: z.string(), ${columns} }),
  key: ['sku'],
  discover: ['${site.url}/rows'],
  ready: 'script',
  extract: ({ page }) => page.evaluate(() => JSON.parse(document.querySelector('script').textContent)),
  gate: { maxRowChange: 1 },
});
`;

async function nightOf(target: string, date: string, args: string[] = [], env = {}): Promise<string> {
  const { report, code, stderr } = await runBatch(lab, target, { date, args, env });
  expect(code, stderr).toBe(0);
  return report.batch;
}

beforeAll(async () => {
  site = await startSmallServer((_, response) => {
    const json = JSON.stringify(NIGHTS[Math.min(night, 1)]).replaceAll('<', '\\u003c');
    response
      .setHeader('content-type', 'text/html; charset=utf-8')
      .end(`<!doctype html><script type="application/json">${json}</script>`);
  });
  lab = await openLab();
  const file = await lab.target('teas', codeOf('teas', 'price: z.number(), tags: z.array(z.string())'));
  batches.push(await nightOf(file, '2026-03-01'));
  night = 1;
  await lab.target(
    'teas',
    codeOf('teas', 'price: z.number(), tags: z.array(z.string()), stock: z.int().default(1)'),
  );
  batches.push(await nightOf(file, '2026-03-02', [], { THRESH_PARQUET: 'parquetjs' }));
});

afterAll(async () => {
  await lab?.close();
  await site?.stop();
});

/** As the command does it, in this process: what it said. */
async function told(before = '', after = '', options: DiffOptions = {}): Promise<string> {
  const said: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const { home, out } = lab;
  try {
    const settings = readSettings({ ...process.env, THRESH_HOME: home, THRESH_OUT: out });
    expect(await diff(before, after, options, settings)).toBe(0);
  } finally {
    stdout.mockRestore();
  }
  return said.join('');
}

test('as a table: counts, then what changed, and no text of a row reaches the terminal as an order', async () => {
  const { code, stdout, stderr } = await lab.thresh(['diff', batches[0] ?? '', batches[1] ?? '']);
  expect(code, stderr).toBe(0);
  expect(stdout.split('\n').slice(0, 8)).toEqual([
    `${batches[0]} -> ${batches[1]}, by sku`,
    '  rows          3 before, 3 after',
    '  added         1',
    '  gone          1',
    '  changed       1',
    '  same          1',
    '  by column     title 1, price 1, tags 1',
    '  new columns   stock BIGINT',
  ]);
  const line = (...words: string[]) => new RegExp(words.join('.*'));
  expect(stdout).toMatch(line('changed', ' a ', 'price', '1\\.5 ', '1\\.75'));
  expect(stdout).toMatch(line('changed', ' a ', 'title', 'Tea', 'red'));
  expect(stdout).toMatch(line('gone', ' c ', 'row', 'Oil'));
  expect(stdout).toMatch(line('added', ' d ', 'row', 'New '));
  expect(stdout).not.toContain('\u001b');
  expect(stdout).not.toContain('\u202e');
  expect(await readdir(path.join(lab.home, 'diff'))).toEqual([]);
});

test('as NDJSON: the summary, then a change a line', async () => {
  const stdout = await told(batches[0], batches[1], { json: true });
  const [summary, ...changes] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(summary).toMatchObject({
    kind: 'summary',
    before: { batch: batches[0], date: '2026-03-01' },
    rows: { before: 3, after: 3, added: 1, gone: 1, changed: 1, same: 1 },
    columns: { title: 1, price: 1, tags: 1 },
  });
  expect(changes).toMatchObject([
    {
      change: 'changed',
      key: { sku: 'a' },
      columns: ['title', 'price', 'tags'],
      page: `${site.url}/rows`,
      before: { title: 'Tea', price: 1.5, tags: ['hot'] },
      after: { title: HOSTILE, price: 1.75, tags: ['hot', 'new'] },
    },
    { change: 'gone', key: { sku: 'c' }, before: { title: 'Oil' }, after: null },
    { change: 'added', key: { sku: 'd' }, before: null, after: { price: 4 } },
  ]);
  expect(stdout).not.toContain('\u202e');
  const few = await told(batches[0], batches[1], { json: true, limit: 1, columns: ['price'] });
  expect(few.trim().split('\n')).toHaveLength(2);
  expect(few).toContain('"columns":["price"]');
});

longTest('as NDJSON by the command: the same', async () => {
  const args = ['diff', batches[0] ?? '', batches[1] ?? '', '--json'];
  const { code, stdout } = await lab.thresh(args);
  expect(code).toBe(0);
  expect(stdout).toBe(await told(batches[0], batches[1], { json: true }));
  const few = await lab.thresh([...args, '--limit', '1', '--columns', 'price']);
  expect(few.stdout.trim().split('\n')).toHaveLength(2);
  expect(few.stdout).toContain('"columns":["price"]');
});

test('as Parquet', async () => {
  const out = path.join(lab.dir, 'first.parquet');
  expect(await told(batches[0], batches[1], { out })).toMatch(/\nall changes: .*first\.parquet\n$/);
  const rows = await lab.query(
    'teas',
    '2026-03-02',
    `SELECT change, key.sku, "after".price FROM '${out}' ORDER BY 2`,
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['changed', 'a', 1.75],
    ['gone', 'c', null],
    ['added', 'd', 4],
  ]);
  expect(await told(batches[1], batches[0])).toContain('columns gone  stock BIGINT');
});

longTest('over a change of the schema', async () => {
  const target = await lab.target(
    'teas',
    codeOf('teas', 'stock: z.int().default(1), price: z.number().transform(String).pipe(z.string())'),
  );
  const { report } = await runBatch(lab, target, { date: '2026-03-03' });
  expect(report.state).toBe('held'); // readers would break on the price
  await lab.thresh(['deliver', report.batch, '--force']);
  const file = path.join(lab.dir, 'changes.parquet');
  const { code, stdout, stderr } = await lab.thresh([
    ...['diff', batches[0] ?? '', report.batch, '--out', file],
  ]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('new columns   stock BIGINT');
  expect(stdout).toContain('columns gone  tags VARCHAR[]');
  expect(stdout).toContain('other types   price DOUBLE -> VARCHAR');
  const { stdout: since } = await lab.thresh(['diff', batches[1] ?? '', report.batch]);
  expect(since).toMatch(/changed {7}0/); // '1.75' is 1.75 still
});

test('what cannot be compared is refused, each with its mend', async () => {
  const [first = '', second = ''] = batches;
  const refused = async (words: string, before: string, after: string, options: DiffOptions = {}) => {
    await expect(told(before, after, options)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(words),
      mend: expect.stringMatching(/./),
    });
  };
  await refused('there is no batch', first, 'nobody-20260301-aaaaaa');
  await refused('no column is called prize', first, second, { columns: ['prize'] });
  await refused('is no batch', first, 'nonsense');
  await refused('two forms', first, second, { json: true, out: 'x.parquet' });
  await refused('of two targets', first, await sameOf('others'));
  expect(await readdir(path.join(lab.home, 'diff'))).toEqual([]);
});

/** The first batch, as if a target of this name had delivered it; returns its id. */
async function sameOf(target: string): Promise<string> {
  const { folder, manifest } = await lab.manifest('teas', '2026-03-01');
  const to = path.join(lab.out, target, path.basename(folder));
  const batch = manifest.batch.replace('teas', target);
  await cp(folder, to, { recursive: true });
  await writeFile(path.join(to, '_SUCCESS'), JSON.stringify({ ...manifest, target, batch }));
  return batch;
}

longTest('what is refused by the command: exit code 2, and nothing on stdout', async () => {
  const [first = '', second = ''] = batches;
  for (const args of [
    [first, 'nobody-20260301-aaaaaa'],
    [first, second, '--columns', 'prize'],
    [first, second, '--json', '--out', 'x.parquet'],
  ]) {
    const { code, stderr, stdout } = await lab.thresh(['diff', ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/ {2}mend: /);
  }
});

longTest('a dataset that a later run for its date replaced is not there any more', async () => {
  const file = await lab.target('replaced', codeOf('replaced', 'price: z.number()'));
  const first = await nightOf(file, '2026-03-05');
  const second = await nightOf(file, '2026-03-05');
  const { code, stderr } = await lab.thresh(['diff', first, second]);
  expect(code).toBe(2);
  expect(stderr).toContain(`the dataset of ${first} is not there any more: ${second}`);
  expect(stderr).toContain(`mend: compare with ${second}`);
});

test('the dashboard shows what changed as text', async () => {
  const server = lab.start(['serve', '--port', '0']);
  await server.says(/serving http/);
  const url = /serving (http:\S+)/.exec(server.said())?.[1] ?? '';
  const visitor = await openVisitor();
  try {
    const answer = await fetch(`${url}/api/batches/${batches[1]}/diff?limit=1`);
    expect(await answer.json()).toMatchObject({
      before: { batch: batches[0] },
      rows: { before: 3, after: 3, added: 1, gone: 1, changed: 1, same: 1 },
      changes: [
        { change: 'changed', key: 'a', values: [{ column: 'title', before: 'Tea', after: HOSTILE }, {}, {}] },
      ],
    });
    const page = await visitor.browser.newPage();
    await page.goto(`${url}/batches/${batches[1]}`);
    await page.getByRole('button', { name: 'Compare with the batch before' }).click();
    await expect
      .poll(() => page.locator('[aria-label=Changes] tbody tr').allTextContents())
      .toMatchObject([
        expect.stringMatching(/^changeda.*title.*Tea.*<img/),
        'changedaprice1.51.75',
        'changedatags["hot"]["hot","new"]',
        'gonec',
        'addedd',
      ]);
    expect(await page.evaluate(() => 'owned' in window)).toBe(false);
  } finally {
    await visitor.close();
    server.child.kill('SIGTERM');
    await server.ended;
  }
});

test('without its native module it says what to do', async () => {
  vi.doMock('@duckdb/node-api', () => {
    throw new Error('no native module here');
  });
  try {
    await expect(told(batches[0], batches[1])).rejects.toMatchObject({
      message: expect.stringContaining('datasets are compared by DuckDB'),
      mend: expect.stringMatching(/^install without --omit=optional/),
    });
  } finally {
    vi.doUnmock('@duckdb/node-api');
  }
});

longTest('without its native module the command says what to do', async () => {
  const hide = `export const resolve = (name, context, next) => {
    if (name.startsWith('@duckdb/')) throw new Error('no native module here');
    return next(name, context);
  };`;
  const dataUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(dataUrl(hide))});`;
  const { code, stderr } = await lab.thresh(['diff', batches[0] ?? '', batches[1] ?? ''], {
    NODE_OPTIONS: `--import=${dataUrl(register).replaceAll("'", '%27')}`,
  });
  expect(code).toBe(1);
  expect(stderr).toContain('datasets are compared by DuckDB');
  expect(stderr).toMatch(/mend: install without --omit=optional/);
});
