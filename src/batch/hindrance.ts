/**
 * What is in a batch's way in this process, by everything of it that waits: pages with their rows, the frontier, the
 * state machine. However many of them wait, it is said once, and once more when all of them go on; meanwhile it stands
 * on the batch's board for whoever asks why nothing moves.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Frontier } from '../discovery/frontier.js';
import { isThreshError, reasonOf } from '../errors.js';
import type { Sessions } from '../page/sessions.js';
import type { BatchBoard } from '../queue/batch-board.js';
import type { SegmentWriter } from '../spool/segment-writer.js';
import type { OnBatchEvent } from './events.js';
import { type Setback, setbackOf } from './setback.js';

export interface Hindrance {
  /** Does `work` until no setback is in its way. Throws what is none, and any failure once the signal aborts. */
  outwait<T>(work: () => Promise<T>, options: OutwaitOptions): Promise<T>;
  /** For work that has no end of its own to be told by. */
  begin(signal: AbortSignal): Wait;
  /** The batch is no longer worked on here. */
  close(): void;
}

export interface OutwaitOptions {
  signal: AbortSignal;
  /** Default: `setbackOf` with the batch's folder. */
  judge?: (error: unknown) => Setback | undefined;
}

export interface Wait {
  /** Waits, each time a little longer. */
  meet(setback: Setback): Promise<void>;
  /** It is out of the way. True when anything was. */
  over(): boolean;
}

export interface HindranceOptions {
  batch: string;
  /** The batch's folder. */
  dir: string;
  /** Names this process's part among all that work on the batch. */
  who: string;
  board: BatchBoard;
  onEvent: OnBatchEvent;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export function createHindrance({ batch, dir, who, board, onEvent }: HindranceOptions): Hindrance {
  const waiting = new Map<Wait, Setback>();
  let noted: Promise<void> = Promise.resolve();

  /** In order, and never waited for: Redis itself may be what is in the way. */
  function note(reason: string | undefined): void {
    noted = noted.then(() => board.noteWait(who, reason)).catch(() => undefined);
  }

  function begin(signal: AbortSignal): Wait {
    let waitMs = FIRST_WAIT_MS;
    const wait: Wait = {
      async meet(setback) {
        const isNews = ![...waiting.values()].some(({ kind }) => kind === setback.kind);
        waiting.set(wait, setback);
        if (isNews) onEvent({ kind: 'batch.waited', batch, reason: setback.reason, of: setback.kind });
        note(setback.reason);
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      },
      over() {
        waitMs = FIRST_WAIT_MS;
        if (!waiting.delete(wait)) return false;
        if (waiting.size > 0) return true;
        note(undefined);
        if (!signal.aborted) onEvent({ kind: 'batch.went-on', batch });
        return true;
      },
    };
    return wait;
  }

  return {
    begin,
    async outwait(work, { signal, judge = (error) => setbackOf(error, dir) }) {
      const wait = begin(signal);
      try {
        for (;;) {
          try {
            return await work();
          } catch (error) {
            const setback = signal.aborted ? undefined : judge(error);
            if (setback === undefined) throw error;
            await wait.meet(setback);
          }
        }
      } finally {
        wait.over();
      }
    },
    close() {
      if (waiting.size > 0) note(undefined);
      waiting.clear();
    },
  };
}

/** Rows that cannot be written now are kept, whatever their folder has: what was rendered is not thrown away. */
export function patientSegments(
  segments: SegmentWriter,
  hindrance: Hindrance,
  signal: AbortSignal,
): SegmentWriter {
  const judge = (error: unknown): Setback | undefined =>
    isThreshError(error) && error.retry === 'later' ? { kind: 'disk', reason: reasonOf(error) } : undefined;
  return {
    append: (group) => hindrance.outwait(() => segments.append(group), { signal, judge }),
    close: () => segments.close(),
  };
}

/** A page that finds no proxy waits for one: it has not begun, and nothing counts against it. */
export function patientSessions(sessions: Sessions, hindrance: Hindrance, signal: AbortSignal): Sessions {
  const judge = (error: unknown): Setback | undefined =>
    isThreshError(error) && error.code === 'PROXY_FAILED'
      ? { kind: 'proxies', reason: reasonOf(error) }
      : undefined;
  return {
    ...sessions,
    current: (log, url) => hindrance.outwait(() => sessions.current(log, url), { signal, judge }),
  };
}

/** Discovery and recovery begin at the start again when they are thrown out: what they add is waited for in place. */
export function patientFrontier(frontier: Frontier, hindrance: Hindrance, signal: AbortSignal): Frontier {
  return {
    get size() {
      return frontier.size;
    },
    append: (pages) => hindrance.outwait(() => frontier.append(pages), { signal }),
    readFrom: (cursor, count) => frontier.readFrom(cursor, count),
    read: () => frontier.read(),
    close: () => frontier.close(),
  };
}
