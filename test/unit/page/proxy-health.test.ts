import { beforeEach, describe, expect, it } from 'vitest';
import { createHealth, type Health } from '../../../src/page/proxies/health.js';

const MINUTE = 60_000;
let nowMs: number;
let health: Health;

beforeEach(() => {
  nowMs = 1_000_000;
  health = createHealth(() => nowMs);
  health.keep(['a', 'b', 'c']);
});

describe('choice', () => {
  it('spreads the pages in flight, and stays with a proxy for a while when there is one at a time', () => {
    expect([health.take(), health.take(), health.take(), health.take()]).toEqual(['a', 'b', 'c', 'a']);
    for (const key of ['a', 'b', 'c', 'a']) health.leave(key);
    const taken: Record<string, number> = {};
    for (let page = 0; page < 150; page++) {
      const key = health.take() ?? 'none';
      taken[key] = (taken[key] ?? 0) + 1;
      health.leave(key);
    }
    expect(Object.keys(taken)).toEqual(['a', 'b', 'c']);
    expect(Math.max(...Object.values(taken)) - Math.min(...Object.values(taken))).toBeLessThanOrEqual(25);
  });

  it('has ten in use at once, and the next of the list for one that goes out', () => {
    health.keep(Array.from({ length: 12 }, (_, at) => `p${at}`));
    const taken = Array.from({ length: 20 }, () => health.take());
    expect(new Set(taken).size).toBe(10);
    expect(taken).not.toContain('p10');
    health.note('p3', 'dead');
    expect(Array.from({ length: 20 }, () => health.take())).toContain('p10');
  });

  it('follows the list: what is gone is not taken, what stays keeps its standing', () => {
    health.note('b', 'dead');
    health.keep(['b', 'd']);
    expect([health.take(), health.take()]).toEqual(['d', 'd']);
    expect(health.note('a', 'dead')).toBe('proxy');
    expect(health.out()).toEqual(['b']);
  });
});

describe('cool-down', () => {
  it('doubles from a minute to half an hour until a page is served', () => {
    const waits: number[] = [];
    for (let fall = 0; fall < 7; fall++) {
      health.note('a', 'dead');
      health.note('a', 'dead'); // other pages that were in flight say the same
      waits.push(health.outForMs('a') / MINUTE);
      nowMs += health.outForMs('a');
      expect(health.isOut('a')).toBe(false);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30]);
    health.note('a', 'served');
    health.note('a', 'dead');
    expect(health.outForMs('a')).toBe(MINUTE);
  });

  it('tries a proxy that is back with one page, while the others take the rest', () => {
    health.note('a', 'dead');
    nowMs += MINUTE;
    const taken = Array.from({ length: 7 }, () => health.take());
    expect(taken.filter((key) => key === 'a')).toHaveLength(1);
    health.note('a', 'served');
    expect(health.take()).toBe('a');
  });

  it('takes two blocks in a row for the proxy, one on trial, none where pages are served in between', () => {
    health.note('a', 'blocked');
    health.note('a', 'served');
    health.note('a', 'blocked');
    expect(health.isOut('a')).toBe(false);
    health.note('a', 'blocked');
    expect(health.isOut('a')).toBe(true);
    nowMs += MINUTE;
    health.note('a', 'blocked');
    expect(health.outForMs('a')).toBe(2 * MINUTE);
  });
});

describe('whose fault', () => {
  it('a failure of one is its own; the same of all is the target’s, and all are back', () => {
    expect(['a', 'b', 'c'].map((key) => health.note(key, 'unreachable'))).toEqual([
      'proxy',
      'proxy',
      'target',
    ]);
    expect(health.out()).toEqual([]);
    // Until a page is served, nobody goes out for it again.
    expect(['a', 'b', 'c', 'a'].map((key) => health.note(key, 'unreachable'))).toEqual([
      'target',
      'target',
      'target',
      'target',
    ]);
    health.note('b', 'served');
    expect(health.note('a', 'unreachable')).toBe('proxy');
    expect(health.out()).toEqual(['a']);
  });

  it('a proxy that stands alone is not blamed for what it does not reach, but for its death', () => {
    health.keep(['a']);
    expect(health.note('a', 'unreachable')).toBe('target');
    expect(health.take()).toBe('a');
    expect(health.note('a', 'dead')).toBe('proxy');
    expect(health.take()).toBeUndefined();
    health.bringBack('a');
    expect(health.take()).toBe('a');
  });

  it('only death takes all of them: what was merely refused is back when the last one dies', () => {
    health.note('a', 'unreachable');
    health.note('b', 'dead');
    expect(health.out()).toEqual(['a', 'b']);
    health.note('c', 'dead');
    expect(health.out()).toEqual(['b', 'c']);
    expect(health.take()).toBe('a');
  });
});
