import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { casesOf, isLong } from '../support/long.js';

let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: 20 });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

test('doctor: all is there, tried out', async () => {
  const { code, stdout } = await lab.thresh(['doctor', '--json']);
  const { ok, findings } = JSON.parse(stdout) as {
    ok: boolean;
    findings: { name: string; ok: boolean; found: string }[];
  };
  expect(findings.filter((finding) => !finding.ok)).toEqual([]);
  expect({ ok, code }).toEqual({ ok: true, code: 0 });
  const found = Object.fromEntries(findings.map((finding) => [finding.name, finding.found]));
  expect(found.cpu).toMatch(/^[\d.]+ CPUs by .+: \d+ pages at once to begin with$/);
  expect(found.memory).toMatch(/^\d+ MB by .+, \d+ MB for a worker and its browsers$/);
  expect(found.browser).toMatch(/^Chromium \d+.* starts$/);
  expect(found.queue).toMatch(/^Redis \d+.* answers at /);
});

test('doctor: what is missing stands with its mend in a table, and the exit code is 1', async () => {
  const { code, stdout } = await lab.thresh(['doctor'], {
    CHROMIUM_PATH: '/no/such/chromium',
    REDIS_URL: 'redis://127.0.0.1:1/0',
  });
  expect(code).toBe(1);
  expect(stdout).toMatch(/missing │ chromium +│ CHROMIUM_PATH is \/no\/such\/chromium.*│ set CHROMIUM_PATH/);
  expect(stdout).toMatch(/missing │ queue +│ no Redis at 127\.0\.0\.1:1\/0.*│ start it/);
  expect(stdout).not.toMatch(/^\s+at /m);
});

test('init --no-open asks nobody, and writes a template that runs as it is, and never over a file', async () => {
  const targets = path.join(lab.dir, 'targets');
  const page = `${shop.url}${shop.catalogue.pathOf(3)}`;
  shop.clearLog();
  const made = await lab.thresh(['init', 'first', page, '--no-open']);
  expect(made.code, made.stderr).toBe(0);
  expect(shop.accessLog()).toEqual([]);
  expect(made.stdout.trim()).toBe(path.join(targets, 'first.ts'));
  const ran = await lab.thresh(['run', 'first', '--json']);
  expect(ran.code, ran.stderr).toBe(0);
  expect(JSON.parse(ran.stdout).rows.delivered).toBe(1);

  const before = await readFile(path.join(targets, 'first.ts'), 'utf8');
  const again = await lab.thresh(['init', 'first', 'https://shop.example/sitemap.xml']);
  expect(again.code).toBe(2);
  expect(again.stderr).toMatch(/is there already\n {2}mend: /);
  expect(await readFile(path.join(targets, 'first.ts'), 'utf8')).toBe(before);

  const bySitemap = await lab.thresh(['init', 'second', `${shop.url}/sitemap.xml`, '--no-open']);
  expect(bySitemap.code).toBe(0);
  if (isLong) {
    const limited = await lab.thresh(['run', 'second', '--json', '--limit', '2']);
    expect(limited.code, limited.stderr).toBe(0);
  }

  const wrongs = [
    ['init', 'Bad_Name', shop.url],
    ['init', 'third', 'ftp://x'],
    ['init', 'third'],
  ];
  for (const wrong of casesOf(wrongs, 2)) expect((await lab.thresh(wrong)).code).toBe(2);
});

test('a folder of targets that cannot be written gets one line', async () => {
  await mkdir(path.join(lab.dir, 'blocked'));
  await writeFile(path.join(lab.dir, 'blocked', 'targets'), 'a file');
  const { code, stderr } = await lab.thresh([
    'init',
    'x',
    'https://shop.example/',
    '--targets-dir',
    path.join(lab.dir, 'blocked', 'targets'),
  ]);
  expect(code).toBe(1);
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
});
