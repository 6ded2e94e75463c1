/** Pages out of files: the same rows as from the site, of which nothing is asked. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AskedOptions, askedPage } from '../../src/cli/asked-page.js';
import { openReplay } from '../../src/cli/replay.js';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, root } from '../support/lab.js';
import { casesOf, isLong, longOnly } from '../support/long.js';

const demo = path.join(root, 'targets/demo-shop.ts');
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;
let url: string;

beforeAll(async () => {
  shop = await startShop({ products: 12 });
  lab = await openLab({ THRESH_DEMO_URL: shop.url });
  const [kept] = shop.catalogue.expectedRows().winners.values();
  url = shop.url + shop.catalogue.pathOf(kept ?? 0);
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

async function debug(args: string[]) {
  const { code, stdout, stderr } = await lab.thresh(['debug', ...args, '--json']);
  expect(stdout, stderr).toMatch(/^\{/);
  return { code, stderr, ...JSON.parse(stdout) };
}

test('what --save recorded and what was saved as HTML give the same row, and nobody is asked', async () => {
  const har = path.join(lab.dir, 'page.har');
  const loaded = await debug([demo, url, '--save', har]);
  expect(loaded.code, loaded.stderr).toBe(0);
  expect(loaded.files.har).toBe(har);
  expect(loaded).not.toHaveProperty('beside'); // no batch has had it
  expect((await stat(har)).mode & 0o777).toBe(0o600);
  shop.clearLog();
  const replays = [
    [demo, '--replay', har],
    [demo, url, '--replay', loaded.files.html],
    [demo, url, '--replay', har],
  ];
  // A saved HTML: below, of a failure.
  for (const args of casesOf(replays, 1)) {
    const replayed = await debug(args);
    expect(replayed.code, replayed.stderr).toBe(0);
    expect(replayed.rows[0].row).toEqual(loaded.rows[0].row);
    expect(replayed).toMatchObject({ url, replayed: args.at(-1) });
  }
  expect(shop.accessLog()).toEqual([]);
  await expect(refusal(`${shop.url}/p/none`, { replay: har })).rejects.toMatchObject({
    code: 'USAGE',
    mend: `it is of ${url}`,
  });
  if (!isLong) return;
  const told = await lab.thresh(['debug', demo, url, '--replay', loaded.files.html]);
  expect(told.stdout).toMatch(/^replayed +from \/.*\.html, without the network$/m);
  const other = await lab.thresh(['debug', demo, `${shop.url}/p/none`, '--replay', har]);
  expect(other.code).toBe(2);
  expect(other.stderr).toContain(`mend: it is of ${url}`);
});

test('--failure --replay reads what the failure left; its scripts run only when asked for, and reach nobody even then', async () => {
  const code = (select: string): string => `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'failing', schema: z.object({ sku: z.string(), said: z.string() }), key: ['sku'], retries: 0, discover: ['${url}'],
  ready: '[data-sku]', extract: ({ page }) => page.evaluate(async () => ({
    sku: document.querySelector('${select}').dataset.sku, said: (await window.said) ?? 'nothing',
  })),
});`;
  const file = await lab.target('failing', code('.none'));
  const { batch } = JSON.parse((await lab.thresh(['run', file, '--date', '2026-03-01', '--json'])).stdout);
  await lab.target('failing', code('[data-sku]'));
  await addTo(path.join(lab.home, 'batches', batch, 'artifacts', 'page-0.html'));
  shop.clearLog();

  const still = await debug(['--failure', `${batch}.0`, '--replay']);
  expect(still.code, JSON.stringify(still.error)).toBe(0);
  expect(still.rows[0].row).toEqual({ sku: expect.stringMatching(/^TH-/), said: 'nothing' });
  expect(still.replayed).toMatch(/page-0\.html$/);
  const run = await debug(['--failure', `${batch}.0`, '--replay', '--scripts']);
  expect(run.code, run.stderr).toBe(0);
  expect(run.rows[0].row).toEqual({ ...still.rows[0].row, said: 'closed, refused and left' });
  expect(shop.accessLog()).toEqual([]);
});

/** At the head of a saved page: whatever asks the site for something. Its script runs before a row is read. */
async function addTo(file: string): Promise<void> {
  const page = await readFile(file, 'utf8');
  const more = `<meta http-equiv="refresh" content="0; url=${shop.url}/">
<script>
  navigator.sendBeacon('${shop.url}/beacon');
  const socket = new WebSocket('${shop.url.replace('http', 'ws')}/socket');
  const closed = new Promise((resolve) => { socket.onclose = () => resolve('closed'); });
  const fetched = fetch('${shop.url}/api/products').then(() => 'fetched', () => 'refused');
  const left = new Promise((resolve) => { navigation.onnavigate = () => resolve('left'); });
  window.said = Promise.all([closed, fetched, left]).then(([one, two, three]) => one + ', ' + two + ' and ' + three);
</script>
<link rel="stylesheet" href="${shop.url}/x.css">`;
  const frames = `<img src="${shop.url}/x.png"><iframe src="${shop.url}/"></iframe>`;
  const changed = page
    .replace(/<head[^>]*>/, (head) => head + more)
    .replace(/<body[^>]*>/, (body) => body + frames);
  expect(changed).toHaveLength(page.length + more.length + frames.length);
  await writeFile(file, changed);
}

/** Rejects with what the command says of it. */
async function refusal(address: string | undefined, options: AskedOptions): Promise<void> {
  const { replay, url: asked } = await askedPage(demo, address, options, lab.home);
  if (replay === undefined) return;
  const opened = await openReplay({ ...replay, url: asked });
  await opened.close();
}

const WRONG: [string, boolean, AskedOptions, RegExp][] = [
  ['a file that is not there', true, { replay: 'none.html' }, /none\.html cannot be read/],
  ['an HTML file of nobody knows what', false, { replay: 'saved.html' }, /missing required argument 'url'/],
  ['a HAR that is none', true, { replay: 'saved.har' }, /saved\.har is no HAR/],
  ['no file at all', true, { replay: true }, /--replay needs a file/],
  ['scripts without a saved page', true, { scripts: true }, /--scripts is for a saved HTML page/],
];
test.each(WRONG)('%s is wrong usage', async (_what, isOfUrl, options, words) => {
  const { replay } = options;
  await writeFile(path.join(lab.dir, 'saved.har'), '{}');
  const file = typeof replay === 'string' ? { replay: path.join(lab.dir, replay) } : {};
  await expect(refusal(isOfUrl ? url : undefined, { ...options, ...file })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(words),
    mend: expect.stringMatching(/./),
  });
});

longOnly('by the command', () => {
  const wrong: [string, string[], RegExp][] = [
    ...WRONG.map(([what, isOfUrl, { replay, scripts }, words]): [string, string[], RegExp] => [
      what,
      [
        ...(isOfUrl ? ['URL'] : []),
        ...(replay === undefined ? [] : ['--replay', ...(replay === true ? [] : [String(replay)])]),
        ...(scripts === true ? ['--scripts'] : []),
      ],
      words,
    ]),
    ['a record that is no HAR', ['URL', '--save', 'page.zip'], /it writes a HAR/],
  ];
  test.each(wrong)('%s is wrong usage', async (_what, args, words) => {
    const given = args.map((one) => (one === 'URL' ? url : one));
    const { code, stderr } = await lab.thresh(['debug', demo, ...given]);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(words);
    expect(stderr).toContain('mend: ');
  });
});
