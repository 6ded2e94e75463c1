import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { watchEventLoop } from '../../../src/telemetry/event-loop.js';

function standStill(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('an event loop that stood still is seen, once, also right after a look', async () => {
  const loop = watchEventLoop();
  try {
    await delay(100);
    standStill(700);
    await delay(30);
    expect(loop.lagMs(10_000)).toBeGreaterThan(600);
    standStill(700);
    expect(loop.lagMs(50)).toBeGreaterThan(600);
    expect(loop.lagMs(0)).toBeLessThan(300);
  } finally {
    loop.close();
  }
});
