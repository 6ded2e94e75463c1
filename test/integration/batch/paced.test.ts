/** A batch whose window is longer than it needs, over a pool without browsers: the queue, Redis and the throttle are real. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startStubFarm } from '../../bench/queue/stub-farm.mjs';
import { writeStubTarget } from '../../bench/queue/stub-target.mjs';

/** As fast as it can be it takes a second and a half; paced, over five. */
const PAGES = 60;

test('a batch takes the time that its window has, and is done well within it', async () => {
  const home = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  try {
    const more = "sla: { window: '10s' },";
    const targetFile = await writeStubTarget(home, { pages: PAGES, maxConcurrency: 4, more });
    const farm = await startStubFarm({ home, concurrency: 4, delayMs: 100, targetFile }, { processes: 1 });
    try {
      await farm.entered('fetching');
      const beganMs = performance.now();
      await farm.entered('aggregating');
      const seconds = (performance.now() - beganMs) / 1_000;
      expect(farm.dead()).toBe(0);
      expect(seconds).toBeGreaterThan(3.5);
      expect(seconds).toBeLessThan(10);
    } finally {
      await farm.stop();
    }
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  }
});
