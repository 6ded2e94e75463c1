/**
 * What a batch knows of its pages that were read by a short cut, in its folder: an append-only file that every process reads and writes, the truth
 * about which of them count.
 *
 *   proven   a document gave what loading gives, up to its `upTo`th page
 *   note     what was learned of the pages of a kind, or that it is being learned
 *   off      from here on every page is loaded; with `doubt`, pages of documents that were not proven do not count
 *
 * A `proven` that a power cut takes is proven once more, as is a page whose runner is killed before it is committed, which
 * counts once; `off` is durable before anybody goes on.
 */
import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { LaneNote, SoftBook, SoftStanding } from '../page/proofs.js';

export interface BatchSoftBook extends SoftBook {
  look(): Promise<SoftStanding & { proven: ReadonlyMap<string, number>; notes: readonly LaneNote[] }>;
}

export interface SoftBookOptions {
  file: string;
  /** Does what may be in the way of the disk's until it is done. */
  patiently: (work: () => Promise<void>) => Promise<void>;
}

/** What another process wrote is known this much later. */
const LOOK_EVERY_MS = 200;
const MOST_NOTES = 100;

type Line =
  | { kind: 'proven'; at: string; document: string; upTo: number }
  | ({ kind: 'note'; at: string } & LaneNote)
  | { kind: 'off'; at: string; reason: string; doubt: boolean };

export function createSoftBook({ file, patiently }: SoftBookOptions): BatchSoftBook {
  const proven = new Map<string, number>();
  const notes: LaneNote[] = [];
  let samples = 0;
  let off: SoftStanding['off'];
  let readBytes = 0;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  /** Doubt, once there, stays, with the first reason for it. */
  function takeOff(reason: string, doubt: boolean): void {
    if (off === undefined || (doubt && !off.doubt)) off = { reason, doubt };
  }

  /** Of each kind the latest, and the latest that says why it is not to be had. */
  function takeNote(note: LaneNote): void {
    const before = notes.filter(({ of }) => of === note.of);
    const isFirst = note.learning === true && note.why === undefined;
    if (isFirst && before.length > 0) return; // who begins to learn it later than others says nothing new
    for (const one of before) if (isRefusal(note) || !isRefusal(one)) notes.splice(notes.indexOf(one), 1);
    if (notes.length < MOST_NOTES) notes.push(note);
  }

  function take(line: Line): void {
    if (line.kind === 'off') {
      takeOff(line.reason, line.doubt);
      return;
    }
    if (line.kind === 'note') {
      const { kind: _, at: __, ...note } = line;
      takeNote(note);
      return;
    }
    const before = proven.get(line.document);
    if (line.upTo === before) return;
    samples += 1;
    proven.set(line.document, Math.max(before ?? 0, line.upTo));
  }

  async function readOn(): Promise<void> {
    // Mostly nobody has written yet, and to be told so by a promise that rejects, ten times a second, is dear.
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= readBytes) return;
    const handle = await open(file, 'r');
    try {
      const bytes = Buffer.alloc(size - readBytes);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, readBytes);
      const whole = bytes.subarray(0, bytes.subarray(0, bytesRead).lastIndexOf(10) + 1);
      readBytes += whole.length;
      for (const text of whole.toString('utf8').split('\n')) {
        const line = parsed(text);
        if (line !== undefined) take(line);
      }
    } finally {
      await handle.close();
    }
  }

  async function append(line: Line): Promise<void> {
    const handle = await open(file, 'a');
    try {
      // One write, on a line of its own whatever a power cut left of the last one.
      await handle.appendFile(`\n${JSON.stringify(line)}\n`);
      if (line.kind === 'off') await handle.sync();
    } finally {
      readAtMs = Number.NEGATIVE_INFINITY;
      await handle.close();
    }
  }

  return {
    async look() {
      if (performance.now() - readAtMs >= LOOK_EVERY_MS) {
        reading ??= readOn().finally(() => {
          readAtMs = performance.now();
          reading = undefined;
        });
        await reading;
      }
      return { samples, off, proven, notes };
    },
    proven: (document, upTo) =>
      patiently(() => append({ kind: 'proven', at: new Date().toISOString(), document, upTo })),
    note: (note) => patiently(() => append({ kind: 'note', at: new Date().toISOString(), ...note })),
    async turnOff(reason, doubt) {
      takeOff(reason, doubt);
      await patiently(() => append({ kind: 'off', at: new Date().toISOString(), reason, doubt }));
    },
  };
}

function isRefusal({ why, learning }: LaneNote): boolean {
  return why !== undefined && learning !== true;
}

function parsed(text: string): Line | undefined {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined; // torn by a power cut
  }
}
