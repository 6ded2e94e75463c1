/** What a browser is started with. */
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { DISABLED_FEATURES } from '../../../browser-pool/disabled-features.mjs';
import { anyone, openPool, type PoolLab } from './pool-lab.js';

let lab: PoolLab;

afterEach(() => lab.close());

test('what Playwright turns off stays off beside what the pool turns off', async () => {
  lab = await openPool();
  const lease = await lab.pool.lease(anyone());
  const [pid] = await lab.browserProcesses();
  const typed = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const lists = typed
    .filter((argument) => argument.startsWith('--disable-features='))
    .map((argument) => argument.slice('--disable-features='.length).split(','));
  expect(lists).toHaveLength(2);
  expect(lists.at(-1)).toEqual(DISABLED_FEATURES);
  expect(DISABLED_FEATURES).toEqual(expect.arrayContaining(lists[0] ?? []));
  await lease.release('good');
});
