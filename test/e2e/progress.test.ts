import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab, root } from '../support/lab.js';
import { type LightShop, startLightShop } from '../support/light-shop.js';

/** More than lines may be said. */
const PRODUCTS = 40;
let lab: Lab;
let shop: LightShop;
let target: string;

beforeAll(async () => {
  shop = await startLightShop({ products: PRODUCTS, latencyMs: 50 });
  lab = await openLab();
  target = await lab.target(
    'talking',
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'talking',
  schema: z.object({ slug: z.string(), title: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml'),
  ready: 'article',
  fields: { rows: 'article', fields: { slug: '@data-slug', title: '.title' } },
});
`,
  );
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

const hasScript = spawnSync('script', ['--version']).status === 0;

test.skipIf(!hasScript)('on a terminal: one display that is redrawn in place', async () => {
  const command = [
    process.execPath,
    path.join(root, 'dist/src/cli/main.js'),
    'run',
    target,
    '--date',
    '2026-02-01',
  ];
  const { code, stdout } = await lab.shell(
    'script',
    ['-qec', `stty cols 100 rows 30; ${command.join(' ')}`, '/dev/null'],
    {
      LANG: 'C.UTF-8',
      TERM: 'xterm',
    },
  );
  expect(code, stdout).toBe(0);
  expect(stdout).toContain('\u001b[');
  expect(stdout).toMatch(/\d+ %/);
  expect(stdout).toMatch(/in flight \d+ of \d+/);
  expect(stdout).not.toContain('{"level"');
  // What is left standing when the redraws are taken back: a screen, not a scroll of a thousand lines.
  expect(standing(stdout).length).toBeLessThan(30);
});

test('elsewhere: one JSON line an event on stderr, data on stdout', async () => {
  const { code, stdout, stderr } = await lab.thresh(['run', target, '--date', '2026-02-02']);
  expect(code, stderr).toBe(0);
  expect(stdout.trim()).toBe(path.join(lab.out, 'talking', 'date=2026-02-02'));
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
  const events = lines.map((line) => JSON.parse(line) as { msg: string; event?: string });
  const states = events
    .filter(({ msg }) => msg === 'batch.entered')
    .map((event) => (event as { state?: string }).state);
  expect(states).toEqual(['discovering', 'fetching', 'aggregating', 'gating', 'delivering', 'delivered']);
  expect(lines.length).toBeLessThan(30);
  expect(stderr).not.toContain('\u001b');
});

/** The lines of a screen after these bytes, by the two orders that redraw: cursor up, and erase line or below. */
function standing(output: string): string[] {
  const screen = [''];
  let row = 0;
  for (const [, up, erase, newline, text] of output.matchAll(
    /\u001b\[(\d*)A|\u001b\[(\d*[JK])|(\n)|((?:\u001b\[[0-9;?]*[a-zA-Z])|[^\n\u001b]+|\u001b)/g,
  )) {
    if (up !== undefined) row = Math.max(0, row - Number(up || 1));
    else if (erase?.endsWith('K')) screen[row] = '';
    else if (erase !== undefined) screen.splice(row + 1);
    else if (newline !== undefined) {
      row += 1;
      screen[row] ??= '';
    } else screen[row] += text ?? '';
  }
  return screen;
}
