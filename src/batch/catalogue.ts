/**
 * All batches of a home, in memory, for whoever is asked often: a look reads only what has changed since the last one.
 * Their journals only grow, and a report is written before the journal says that the batch has ended. Even to ask ten
 * thousand journals how long they are takes a third of a second, so those that nothing more is done to in the ordinary
 * course are asked in turn, some at each look.
 */
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { PageBooks, RowBooks } from '../delivery/manifest.js';
import { isEnd, type JournalEntry, lastEntry } from './journal.js';
import { type BatchSpec, batchesDir, batchFiles, readSpec } from './spec.js';
import { readReport } from './standings.js';

export interface Entry {
  spec: BatchSpec;
  state: JournalEntry['state'];
  reason?: string;
  /** ISO time at which it entered this state. */
  at?: string;
  /** Of one that has ended, as far as its report is there. */
  books?: { pages: PageBooks; rows: RowBooks; margin?: number; seconds: number };
}

export interface Catalogue {
  /** As of now, the latest first. */
  entries(): Promise<readonly Entry[]>;
}

/** Read at once. */
const AT_ONCE = 64;
/** Of those that are done, so many are asked at each look. */
const DONE_A_LOOK = 100;

export function openCatalogue(home: string): Catalogue {
  const known = new Map<string, { entry: Entry; size: number }>();
  let turn = 0;
  let sorted: readonly Entry[] = [];
  let looking: Promise<readonly Entry[]> | undefined;

  async function look(): Promise<readonly Entry[]> {
    const names = await readdir(batchesDir(home)).catch(() => []);
    const changed: { name: string; size: number }[] = [];
    const [from, to] = [turn, turn + DONE_A_LOOK];
    turn = to < names.length ? to : 0;
    for (const [at, name] of names.entries()) {
      const before = known.get(name);
      const isAsked = before === undefined || !isDone(before.entry) || (at >= from && at < to);
      const size = isAsked ? sizeOf(batchFiles(home, name).journal) : before.size;
      if (before?.size !== size) changed.push({ name, size });
    }
    for (let at = 0; at < changed.length; at += AT_ONCE) {
      await Promise.all(
        changed.slice(at, at + AT_ONCE).map(async ({ name, size }) => {
          const entry = await readEntry(home, name, known.get(name)?.entry.spec);
          if (entry !== undefined) known.set(name, { entry, size });
        }),
      );
    }
    const there = new Set(names);
    const gone = [...known.keys()].filter((name) => !there.has(name));
    for (const name of gone) known.delete(name);
    if (changed.length > 0 || gone.length > 0)
      sorted = [...known.values()].map(({ entry }) => entry).sort(latestFirst);
    return sorted;
  }

  return {
    entries() {
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
  };
}

/** What was not delivered may be released or tried again, and so may dead letters. */
function isDone({ state, books }: Entry): boolean {
  return state === 'cancelled' || (state === 'delivered' && books?.pages.dead === 0);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

async function readEntry(
  home: string,
  name: string,
  before: BatchSpec | undefined,
): Promise<Entry | undefined> {
  const spec = before ?? (await readSpec(home, name));
  if (spec === undefined) return undefined;
  const last = await lastEntry(batchFiles(home, name).journal);
  const entry: Entry = {
    spec,
    state: last?.state ?? 'discovering',
    ...(last === undefined ? {} : { at: last.at }),
    ...(last?.reason === undefined ? {} : { reason: last.reason }),
  };
  if (!isEnd(entry.state)) return entry;
  const report = await readReport(home, spec);
  if (report === undefined) return entry;
  const { pages, rows, sla, times } = report;
  const margin = sla === undefined ? {} : { margin: sla.margin };
  return { ...entry, books: { pages, rows, ...margin, seconds: times.seconds } };
}

function latestFirst({ spec: one }: Entry, { spec: other }: Entry): number {
  return one.createdAt < other.createdAt ? 1 : one.createdAt > other.createdAt ? -1 : 0;
}
