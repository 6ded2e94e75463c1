/** What was dealt (deal.ts) put together again: of one partition the rows that count, or all that are no rows. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { IS_DEAD } from './deal.js';
import { createLineFile, type LineFile } from './line-file.js';
import { createPageRuns, inPageOrder } from './page-order.js';
import type { Winner } from './rivals.js';
import { createRowFiles, type RowFile } from './row-files.js';
import { openRun } from './run.js';

export interface DealtOptions {
  /** What was dealt of each part of the segments, in their order. */
  files: readonly string[];
  /** Of the pages that have several commits. */
  winners: readonly Winner[];
  /** Where the order writes. Made when it is not there; needs twice what was dealt. */
  work: string;
  signal?: AbortSignal | undefined;
}

const READ_BYTES = 1024 * 1024;

/** The rows that count, in the order of the pages; to be read once. */
export async function* dealtRows({ work, signal, ...dealt }: DealtOptions): AsyncGenerator<RowFile> {
  const runs = await sorted({ work, signal, ...dealt });
  const rows = createRowFiles(work);
  try {
    for await (const entries of inPageOrder(runs)) {
      signal?.throwIfAborted();
      for (const { page, body } of entries) {
        const writing = rows.write(body, { page, longest: body.length });
        if (writing !== undefined) await writing;
      }
      yield* rows.take();
    }
    await rm(runsIn(work), { recursive: true, force: true });
  } finally {
    await rows.close();
  }
  yield* rows.take();
}

/** Writes the NDJSON files of quarantined rows and of dead letters, in the order of the pages. */
export async function writeOthers(
  options: DealtOptions & { quarantined: string; dead: string },
): Promise<void> {
  const runs = await sorted(options);
  const files: LineFile[] = [];
  try {
    const quarantined = await createLineFile(options.quarantined);
    files.push(quarantined);
    const dead = await createLineFile(options.dead);
    files.push(dead);
    for await (const entries of inPageOrder(runs)) {
      options.signal?.throwIfAborted();
      for (const { marks, body } of entries) (marks === IS_DEAD ? dead : quarantined).write(body);
      for (const file of files) await file.settle();
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
  await rm(runsIn(options.work), { recursive: true, force: true });
}

function runsIn(work: string): string {
  return path.join(work, 'runs');
}

async function sorted({ files, winners, work, signal }: DealtOptions): Promise<string[]> {
  await mkdir(runsIn(work), { recursive: true });
  const sorting = createPageRuns(runsIn(work));
  const counts = new Map(winners.map((winner) => [winner.page, winner]));
  for (const [number, file] of files.entries()) {
    signal?.throwIfAborted();
    const run = openRun({ file, number, readBytes: READ_BYTES });
    while (await run.readOn()) {
      do {
        const entry = run.entry();
        const winner = counts.get(entry.page);
        if (winner !== undefined && (winner.segment !== entry.segment || winner.start !== entry.start))
          continue;
        const written = sorting.add(entry);
        if (written !== undefined) await written;
      } while (run.advance());
    }
  }
  return sorting.end();
}
