import { expect, test } from 'vitest';
import { paceHistoryOf } from '../../../src/batch/history.js';
import type { Manifest } from '../../../src/delivery/manifest.js';

const pages = { frontier: 3_100, completed: 3_000, gone: 0, skipped: 100, dead: 0, unfinished: 0 };
const effort = { discovered: 100, attempts: 3_300, measured: 3_300, meanMs: 800, p50Ms: 700, p99Ms: 2_000 };
const night = (more: object): Manifest => ({ pages, effort, ...more }) as unknown as Manifest;

test('the frontier grows as it did: by as much for each page that discovery finds', () => {
  expect(paceHistoryOf(night({}), 100)).toEqual({ pages: 3_100, pageMs: 800, attemptsPerPage: 1.1 });
  expect(paceHistoryOf(night({}), 200)?.pages).toBe(6_200);
});

test('a night that measured nothing, or something else than figures, says nothing', () => {
  for (const one of [undefined, {}, { ...effort, meanMs: 0 }, { ...effort, discovered: 'many' }])
    expect(paceHistoryOf(night({ effort: one }), 100)).toBeUndefined();
});
