/**
 * The states of a batch, as they happened: an append-only file, the truth about where to go on.
 *
 *   discovering   from the start              until the frontier is sealed
 *   fetching      from a sealed frontier      until every page has its outcome
 *   aggregating   from settled pages          until the dataset lies in the batch's work folder; back to fetching when
 *                                             segments with settled pages are gone
 *   gating        from a written dataset      until it is judged
 *   delivering    from a passed gate          until `_SUCCESS` stands (or by `thresh deliver --force` from held)
 *   delivered, held, failed, cancelled        the ends; `failures --retry` leads from an end back to fetching, running
 *                                             a failed batch again to the state in which it failed
 *
 * A state is entered by its line and left by the next one. Killed in between, it is entered again from its start:
 * each state begins by clearing what its last run left half done.
 */
import { open, readFile, stat } from 'node:fs/promises';

export type ActiveState = 'discovering' | 'fetching' | 'aggregating' | 'gating' | 'delivering';
export type EndState = 'delivered' | 'held' | 'failed' | 'cancelled';
export type BatchState = ActiveState | EndState;

const NEXT: Record<BatchState, readonly BatchState[]> = {
  discovering: ['fetching', 'failed', 'cancelled'],
  fetching: ['aggregating', 'failed', 'cancelled'],
  aggregating: ['gating', 'fetching', 'failed', 'cancelled'],
  gating: ['delivering', 'held', 'failed', 'cancelled'],
  delivering: ['delivered', 'failed'],
  delivered: ['fetching'],
  held: ['delivering', 'fetching'],
  failed: ['discovering', 'fetching', 'aggregating', 'gating', 'delivering'],
  cancelled: [],
};

export interface JournalEntry {
  at: string;
  state: BatchState;
  /** Of a failed batch: the state in which it failed. */
  failedIn?: ActiveState;
  /** Why: the gate's words, a failure's message, a person's command. */
  reason?: string;
  /** Of `fetching`, when discovery led to it: pages that were found. */
  discovered?: number;
  /** Dead letters before this entry were put back into the batch. */
  retriesDead?: true;
}

export function isEnd(state: BatchState): state is EndState {
  return state === 'delivered' || state === 'held' || state === 'failed' || state === 'cancelled';
}

/** In order; a torn last line is not an entry. */
export async function readJournal(file: string): Promise<JournalEntry[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as JournalEntry];
      } catch {
        return []; // torn by a power cut and written over by the next entry's newline
      }
    });
}

export async function lastEntry(file: string): Promise<JournalEntry | undefined> {
  return (await readJournal(file)).at(-1);
}

/** `lastEntry` for who asks at every page: the file is read only when it has grown. */
export function followJournal(file: string): () => Promise<JournalEntry | undefined> {
  let size = 0;
  let entry: JournalEntry | undefined;
  return async () => {
    const now = (await stat(file).catch(() => undefined))?.size ?? 0; // what is wrong with it, the reading says
    if (now !== size || now === 0) {
      entry = await lastEntry(file);
      size = now;
    }
    return entry;
  };
}

/**
 * Enters a state, durably. `first`: what has to know of it before it has happened here. Throws on a transition that the
 * table above does not have.
 */
export async function enterState(
  file: string,
  state: BatchState,
  more: Omit<JournalEntry, 'at' | 'state'> = {},
  first?: (entry: JournalEntry) => Promise<void>,
): Promise<JournalEntry> {
  const from = (await lastEntry(file))?.state;
  const legal = from === undefined ? state === 'discovering' : NEXT[from].includes(state);
  if (!legal) throw new Error(`illegal transition of a batch: ${from ?? 'nothing'} -> ${state}`);
  const entry: JournalEntry = { at: new Date().toISOString(), state, ...more };
  await first?.(entry);
  const handle = await open(file, 'a+');
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const newline = size > 0 && last.toString() !== '\n' ? '\n' : '';
    try {
      await handle.appendFile(`${newline}${JSON.stringify(entry)}\n`);
      await handle.sync();
    } catch (error) {
      await handle.truncate(size).catch(() => undefined); // not entered: it can be tried again
      throw error;
    }
  } finally {
    await handle.close();
  }
  return entry;
}

/** Pages that discovery found; undefined while it has not ended. */
export function discoveredPages(entries: readonly JournalEntry[]): number | undefined {
  return entries.findLast((entry) => entry.discovered !== undefined)?.discovered;
}

/** Dead letters from before this time do not count any more; undefined when none were ever put back. */
export function deadSince(entries: readonly JournalEntry[]): string | undefined {
  return entries.findLast((entry) => entry.retriesDead === true)?.at;
}
