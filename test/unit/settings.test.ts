import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/settings.js';

describe('the MB of a partition', () => {
  it.each([
    [{}, 0],
    [{ THRESH_STORE: './store' }, 0],
    [{ THRESH_STORE: 's3://feeds/store' }, 1_024],
    [{ THRESH_STORE: 's3://feeds/store', THRESH_PARTITION_MB: '0' }, 0],
    [{ THRESH_STORE: './store', THRESH_PARTITION_MB: '0.25' }, 0.25],
  ])('of %o: %d', (env, partitionMb) => {
    expect(readSettings(env).partitionMb).toBe(partitionMb);
  });

  it.each(['-1', 'large', 'Infinity'])('are not %s', (THRESH_PARTITION_MB) => {
    expect(() => readSettings({ THRESH_PARTITION_MB })).toThrow(/THRESH_PARTITION_MB/);
  });
});
