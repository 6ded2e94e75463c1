import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogLost, readLog, takeLog } from '../../../src/store/fenced-log.js';
import { openFolderStore } from '../../../src/store/folder-store.js';
import type { ObjectStore } from '../../../src/store/object-store.js';

let dir: string;
let store: ObjectStore;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-log-test-'));
  store = openFolderStore(dir);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

async function said(): Promise<string[]> {
  const bodies = await Promise.all((await readLog(store, 'log/')).map(({ key }) => store.get(key)));
  return bodies.map(String);
}

test('what is appended stands there in order, also for who takes over', async () => {
  const first = await takeLog(store, 'log/', 'first');
  expect(first.before).toEqual([]);
  await Promise.all(['a', 'b', 'c'].map((body) => first.append('said', body)));
  const second = await takeLog(store, 'log/', 'second');
  expect(second.before.map(({ kind, bytes }) => [kind, bytes])).toEqual(Array(3).fill(['said', 1]));
  await second.append('said', 'd');
  expect(await said()).toEqual(['a', 'b', 'c', 'd']);
});

test('who was taken over is told so at its next word, and the word does not count', async () => {
  const first = await takeLog(store, 'log/', 'first');
  await first.append('said', 'a');
  const second = await takeLog(store, 'log/', 'second');
  await expect(first.append('said', 'late')).rejects.toThrow(LogLost);
  await expect(first.assertOwn()).rejects.toThrow(LogLost);
  await second.append('said', 'b');
  const third = await takeLog(store, 'log/', 'third');
  await third.append('said', 'c');
  expect(await said()).toEqual(['a', 'b', 'c']);
});

test('a claim alone takes nothing away, but whoever comes after it goes on from what counted', async () => {
  const first = await takeLog(store, 'log/', 'first');
  await first.append('said', 'a');
  await store.put('log/000009.00000000.claim', Buffer.from('killed here'));
  expect(await said()).toEqual(['a']);
  const next = await takeLog(store, 'log/', 'next');
  await next.append('said', 'b');
  expect(await said()).toEqual(['a', 'b']);
});

/** Each store call gives way to the others a drawn number of times, so that all orders come up. */
function interleaved(real: ObjectStore, draw: () => number): ObjectStore {
  const giveWay = async (): Promise<void> => {
    for (let turns = Math.floor(draw() * 6); turns > 0; turns--) await new Promise(setImmediate);
  };
  return {
    ...real,
    async put(key, body) {
      await giveWay();
      await real.put(key, body);
      await giveWay();
    },
    async *list(prefix, after) {
      await giveWay();
      const found = [];
      for await (const one of real.list(prefix, after)) found.push(one);
      await giveWay();
      yield* found;
    },
  };
}

function memoryStore(): ObjectStore {
  const objects = new Map<string, Buffer>();
  const missing = (): never => {
    throw new Error('not asked for here');
  };
  return {
    where: 'memory',
    put: async (key, body) => void objects.set(key, body),
    has: async (key) => objects.has(key),
    get: async (key) => objects.get(key),
    async *list(prefix, after = '') {
      for (const key of [...objects.keys()].sort())
        if (key.startsWith(prefix) && key > after) yield { key, bytes: objects.get(key)?.length ?? 0 };
    },
    download: missing,
    folders: missing,
    remove: missing,
    close: () => undefined,
  };
}

function drawFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('however takers and writers interleave, what was acknowledged counts, in order, and none of two writers both go on', async () => {
  let lost = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const draw = drawFrom(seed);
    store = interleaved(memoryStore(), draw);
    const acknowledged: string[] = [];
    const writer = async (name: string): Promise<void> => {
      for (let turns = Math.floor(draw() * 40); turns > 0; turns--) await new Promise(setImmediate);
      try {
        const log = await takeLog(store, 'log/', name);
        for (let word = 0; word < 4; word++) {
          await log.append('said', `${name}${word}`);
          acknowledged.push(`${name}${word}`);
        }
      } catch (error) {
        if (!(error instanceof LogLost)) throw error;
        lost += 1;
      }
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(writer));
    const counted = await said();
    expect(
      counted.filter((word) => acknowledged.includes(word)),
      `seed ${seed}`,
    ).toEqual(acknowledged);
    expect(new Set(counted).size).toBe(counted.length);
  }
  expect(lost).toBeGreaterThan(100);
});
