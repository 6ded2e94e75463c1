/** What a person asks of a batch that nobody works on, on a real Redis. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { standingOf, steer } from '../../../src/batch/steer.js';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';
import { writeNight } from '../../support/history.js';

let home: string;
let redis: RedisHandle;

beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  redis = await openRedis({ home, redisUrl: undefined });
});

afterAll(async () => {
  await redis?.close();
  await rm(home, { recursive: true, force: true });
});

test('a batch that fetches is cancelled at once', async () => {
  const batch = await writeNight(home, { target: 'shop', date: '2026-03-01', state: 'fetching' });
  await steer(home, batch, 'cancel', redis);
  expect((await standingOf(home, batch)).state).toBe('cancelled');
});

test('one whose process died while it delivered is not: half a delivery is rolled forward', async () => {
  const batch = await writeNight(home, { target: 'shop', date: '2026-03-02', state: 'delivering' });
  await expect(steer(home, batch, 'cancel', redis)).rejects.toMatchObject({
    code: 'USAGE',
    mend: expect.stringContaining('rolled forward'),
  });
  expect((await standingOf(home, batch)).state).toBe('delivering');
});
