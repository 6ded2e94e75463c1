/**
 * A process that finds its slots: queue, Redis, throttle and laws are real, the machine is one that works on so many
 * pages at a time, while others wait their turn. The pool is without browsers.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadChecked } from '../../../src/batch/context.js';
import type { BatchEvent } from '../../../src/batch/events.js';
import { startFarm } from '../../../src/batch/farm.js';
import { openBatch } from '../../../src/batch/open-batch.js';
import { createWorkerBoard } from '../../../src/queue/worker-board.js';
import { createStubPool } from '../../bench/queue/stub-pool.mjs';
import { isLong } from '../../support/long.js';

const BEARS = 8;
const MOST = 32;
const FIRST = 3;
/** More slots than this are to be found; the first step leads to no more than 5. */
const ENOUGH = isLong ? 5 : FIRST;

test('begins with few pages at once, takes more, and says so', async () => {
  const home = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  const changes: Extract<BatchEvent, { kind: 'worker.slots-changed' }>[] = [];
  const pool = createStubPool({ maxPages: MOST, delayMs: 20 });
  const sizes: number[] = [];
  const farm = await startFarm({
    ...{ home, redisUrl: undefined, engine: 'duckdb', executablePath: undefined, frames: 'seldom' },
    ...{ maxProcessMb: 0, maxBrowserMb: 0, maxMemoryMb: 0, concurrency: MOST, beginAt: FIRST },
    s3: { endpoint: undefined, region: undefined },
    pool: { ...pool, resize: (pages) => void sizes.push(pages) },
    onEvent(event) {
      if (event.kind === 'worker.slots-changed') changes.push(event);
    },
    onSnapshot: () => undefined,
    onLink: () => undefined,
  });
  try {
    const target = await loadChecked(await writeTarget(home));
    await openBatch({ home, target, date: '2026-03-01', out: path.join(home, 'out') }, farm.redis);
    await expect
      .poll(() => changes.at(-1)?.slots, { timeout: 300_000, interval: 100 })
      .toBeGreaterThan(ENOUGH);
    // The size of a step is the unit tests' matter: what a busy machine's first interval finds is its own.
    expect(changes[0]).toMatchObject({ of: MOST, reason: 'finding' });
    // The pool has room for what is tried, and pages at work follow it.
    expect(sizes[0]).toBe(FIRST);
    expect(Math.max(...sizes)).toBeGreaterThan(ENOUGH);
    await expect.poll(() => pool.stats().leased, { timeout: 20_000, interval: 5 }).toBeGreaterThan(ENOUGH);
    await expect
      .poll(async () => (await createWorkerBoard(farm.redis.client).standing())[0], { timeout: 5_000 })
      .toMatchObject({ concurrency: MOST, reason: 'finding', targets: { crowded: {} } });
  } finally {
    await farm.stop(0);
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  }
});

/** Reading a page takes 240 ms of one of `BEARS` places. */
async function writeTarget(home: string): Promise<string> {
  const file = path.join(home, 'targets', 'crowded.ts');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(
    file,
    `import { z } from 'zod';
import { defineTarget } from 'thresh';
const places = Array.from({ length: ${BEARS} }, () => Promise.resolve());
let next = 0;
export default defineTarget({
  name: 'crowded',
  schema: z.object({ sku: z.string() }),
  key: ['sku'],
  async *discover() {
    for (let at = 0; at < 50_000; at += 1) yield 'http://127.0.0.1:9/p/' + at;
  },
  allowHosts: ['127.0.0.1:9'],
  robots: 'ignore',
  ready: () => true,
  async extract({ page }) {
    const place = next++ % places.length;
    places[place] = places[place].then(() => new Promise((resolve) => setTimeout(resolve, 240)));
    await places[place];
    return { sku: /data-sku="([^"]+)"/.exec(await page.content())?.[1] };
  },
  throttle: { maxConcurrency: 64 },
});
`,
  );
  return file;
}
