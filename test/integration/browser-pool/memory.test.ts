import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { findChromium } from '../../../browser-pool/index.js';
import { aborted, anyone, openPool, type PoolLab } from './pool-lab.js';

let lab: PoolLab;

afterEach(() => lab.close());

/** Memory that no heap statistics show: 8 MB every 20 ms, up to 2 GB. */
const eatBuffers = (): void => {
  const eaten: Uint8Array[] = [];
  const eat = (): void => {
    eaten.push(new Uint8Array(8 << 20).fill(1));
    if (eaten.length < 256) setTimeout(eat, 20);
  };
  eat();
};

/** The same in objects, without ever letting go of the thread. */
const eatHeap = (): void => {
  const eaten: number[][] = [];
  while (eaten.length < 2_048) eaten.push(new Array(131_072).fill(0.5));
};

/** In the browser's main process. */
const eatBlobs = async (): Promise<void> => {
  const eaten: Blob[] = [];
  while (eaten.length < 64) {
    eaten.push(new Blob([new Uint8Array(16 << 20).fill(1)]));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const start = (page: Page, eat: () => unknown): void => {
  page.evaluate(eat).catch(() => undefined); // it is stopped
};

test.runIf(process.platform === 'linux').each([
  { of: 'buffers', eat: eatBuffers },
  { of: 'objects, in a loop', eat: eatHeap },
])('a page that eats memory ($of) is stopped and told why; the one beside it goes on', async ({ eat }) => {
  lab = await openPool({ maxProcessMb: 500 });
  const greedy = await lab.pool.lease(anyone());
  const other = await lab.pool.lease(anyone());
  start(greedy.page, eat);
  const reason = (await aborted(greedy.lost)) as Error;
  expect(reason).toMatchObject({ code: 'PAGE_MEMORY', retry: 'later' });
  expect(reason.message).toMatch(
    /^the page used \d+ MB of memory, where 500 MB are the most, and was stopped$/,
  );
  expect(Number(/\d+/.exec(reason.message)?.[0])).toBeLessThan(2_000);
  expect(other.lost.aborted).toBe(false);
  expect(await other.page.evaluate('1 + 1')).toBe(2);
  await greedy.release('broken');
  const next = await lab.pool.lease(anyone());
  expect(next.browser).toBe(other.browser);
  await next.release('good');
  await other.release('good');
});

test.runIf(process.platform === 'linux')(
  'a page that makes the browser itself eat memory costs the browser',
  async () => {
    lab = await openPool({ maxProcessMb: 500 });
    const greedy = await lab.pool.lease(anyone());
    start(greedy.page, eatBlobs);
    const reason = (await aborted(greedy.lost)) as Error;
    expect(reason).toMatchObject({ code: 'BROWSER_CRASHED', retry: { afterMs: expect.any(Number) } });
    expect(reason.message).toMatch(/^the browser was stopped: its process 'browser' used \d+ MB of memory/);
    await greedy.release('broken');
    const next = await lab.pool.lease(anyone());
    expect(next.browser).toBe(1);
    await next.release('good');
  },
);

test('without a bound nothing is stopped; V8 out of memory is a lost lease all the same', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'thresh-small-heap-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const executablePath = path.join(folder, 'chromium');
  const chromium = findChromium()?.path;
  const script = `#!/bin/sh\nexec '${chromium}' --js-flags=--max-old-space-size=64 "$@"\n`;
  await writeFile(executablePath, script, { mode: 0o755 });
  lab = await openPool({ maxProcessMb: 0, executablePath });
  const greedy = await lab.pool.lease(anyone());
  const other = await lab.pool.lease(anyone());
  start(greedy.page, eatHeap);
  expect(await aborted(greedy.lost)).toMatchObject({
    code: 'PAGE_CRASHED',
    message: 'the page crashed (out of memory, or killed)',
    retry: 'later',
  });
  expect(await other.page.evaluate('1 + 1')).toBe(2);
  await greedy.release('broken');
  await other.release('good');
});
