/** `thresh status --watch`: a live page on a terminal, documents for scripts, and an end that leaves nothing behind. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FarmLook } from '../../src/batch/farm-look.js';
import { enterState } from '../../src/batch/journal.js';
import { dateIn } from '../../src/batch/open-batch.js';
import { batchFiles, newBatchId, writeSpec } from '../../src/batch/spec.js';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, root } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

const DAY_MS = 24 * 3_600_000;
const today = dateIn('UTC', new Date());
const yesterday = dateIn('UTC', new Date(Date.now() - DAY_MS));
const hasScript = spawnSync('script', ['--version']).status === 0;
let file: string;
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: 12 });
  lab = await openLab();
  file = await lab.target(
    'my-shop',
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'my-shop',
  schema: z.object({ slug: z.string(), sku: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  fields: { rows: 'article.product', fields: { slug: '@data-slug', sku: '@data-sku' } },
});
`,
  );
  await runBatch(lab, file, { date: yesterday });
  const cancelled = newBatchId('other', today);
  await writeSpec(lab.home, {
    ...{ id: cancelled, target: 'other', targetFile: file, targetHash: '0', date: today, out: lab.out },
    createdAt: new Date().toISOString(),
  });
  const { journal } = batchFiles(lab.home, cancelled);
  await enterState(journal, 'discovering');
  await enterState(journal, 'cancelled');
});

afterAll(async () => {
  await lab?.close();
  await shop?.stop();
});

test('a document a second for scripts: nights by target, what runs, who works', async () => {
  const worker = lab.start(['worker', '--concurrency', '2']);
  await worker.says(/working for the farm/);
  const watching = lab.start(['status', '--watch', '--json']);
  const run = lab.start(['run', file, '--date', today, '--concurrency', '1']);
  await watching.says(/"verdict":"running"/);
  expect((await run.ended).code).toBe(0);
  await watching.says(new RegExp(`"date":"${today}","batch":"my-shop[^}]*"verdict":"delivered"`));
  watching.child.kill('SIGINT');
  const { code, stdout } = await watching.ended;
  expect(code).toBe(0);
  const looks = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as FarmLook);
  const last = looks.at(-1);
  expect(last?.dates).toHaveLength(14);
  const shopNights = last?.targets.find(({ target }) => target === 'my-shop')?.nights.slice(-2);
  expect(shopNights?.map((night) => night?.verdict)).toEqual(['delivered', 'delivered']);
  expect(shopNights?.[1]?.rows).toBeGreaterThan(5);
  expect(last?.targets.find(({ target }) => target === 'other')?.nights.at(-1)?.verdict).toBe('cancelled');
  expect(looks.some(({ running }) => running.some(({ pages }) => (pages?.frontier ?? 0) > 0))).toBe(true);
  expect(looks.some(({ workers }) => workers.some(({ memoryMb }) => memoryMb > 0))).toBe(true);
  expect(last?.running).toEqual([]);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});

test('who reads one document only ends it', async () => {
  const command = `${process.execPath} ${path.join(root, 'dist/src/cli/main.js')} status --watch --json | head -1`;
  const { stdout, stderr } = await lab.shell('sh', ['-c', command]);
  expect(JSON.parse(stdout)).toMatchObject({ running: [], alerts: { waiting: 0 } });
  expect(stderr).toBe('');
});

test.skipIf(!hasScript)(
  'on a terminal of 80 columns a page that is redrawn in place until Ctrl-C',
  async () => {
    const command = `${process.execPath} ${path.join(root, 'dist/src/cli/main.js')} status --watch`;
    const { code, stdout } = await lab.shell(
      'script',
      [
        '-qec',
        `stty cols 80 rows 24; timeout --preserve-status -s INT 6 ${command}; echo ended with $?`,
        '/dev/null',
      ],
      { LANG: 'C.UTF-8', TERM: 'xterm' },
    );
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('ended with 0');
    expect(stdout).toMatch(/my-shop\s+(· )+■ ■ {2}delivered, \d+ rows/);
    expect(stdout).toMatch(/other\s+(· )+○ {2}cancelled/);
    expect(stdout).toContain('nothing runs');
    expect(stdout).toContain('\u001b[?25h'); // the cursor is given back
    const draws = stdout.split('■ delivered ◔ late').length - 1;
    const erased = stdout.split('\u001b[2K').length - 1;
    expect(draws).toBeGreaterThan(1);
    expect(erased).toBeGreaterThanOrEqual((draws - 1) * 8);
  },
);
