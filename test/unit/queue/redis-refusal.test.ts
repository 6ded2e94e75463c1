import { expect, test } from 'vitest';
import { refusalInError, refusalInInfo } from '../../../src/queue/redis-refusal.js';

const infoOf = (version: string, ...more: string[]): string =>
  [
    '# Server',
    `redis_version:${version}`,
    'redis_mode:standalone',
    '# Memory',
    'maxmemory:0',
    'maxmemory_policy:noeviction',
    '# Replication',
    'role:master',
    '# Cluster',
    'cluster_enabled:0',
    ...more,
  ].join('\r\n');

test('a server as it should be', () => {
  expect(refusalInInfo(infoOf('7.2.4'))).toBe(undefined);
  expect(refusalInInfo(infoOf('5.0.0'))).toBe(undefined);
});

test('a server that is older than BullMQ bears', () => {
  expect(refusalInInfo(infoOf('4.0.14'))).toEqual({
    problem: 'is of version 4.0.14',
    mend: 'use one from 5.0.0 on',
  });
});

test('an eviction policy counts where there is a bound that lets it evict', () => {
  const evicts = (bytes: number): string =>
    infoOf('7.2.4').replace('maxmemory:0', `maxmemory:${bytes}`).replace('noeviction', 'volatile-lru');
  expect(refusalInInfo(evicts(0))).toBe(undefined);
  expect(refusalInInfo(evicts(1_000_000))?.problem).toMatch(/volatile-lru/);
});

test('what may pass is no refusal', () => {
  for (const passes of [
    'connect ECONNREFUSED 127.0.0.1:6379',
    'LOADING Redis is loading the dataset in memory',
  ])
    expect(refusalInError(new Error(passes))).toBe(undefined);
});
