/**
 * A batch's progress for whoever looks on. On a terminal one steady display that is redrawn in place; elsewhere log
 * lines: one an event, and one of progress every 10 s.
 */
import { createLogUpdate } from 'log-update';
import { createLog, type Log } from './log.js';
import { plainText } from './plain-text.js';
import { progressFields, progressLines } from './progress-lines.js';
import type { Clock } from './rate.js';
import type { BatchSnapshot } from './snapshot.js';

export interface Progress {
  /** Takes the newest state of the batch; cheap enough to be called for every page. */
  show(snapshot: BatchSnapshot): void;
  /** Leaves `line` standing above the display, or logs it. */
  note(line: string): void;
  /** Draws the last state, then `finalText` below it (or logs it), and gives the terminal back. Later calls do nothing. */
  done(finalText?: string): void;
}

export interface ProgressOptions {
  stream: NodeJS.WritableStream & { columns?: number; rows?: number };
  isTTY: boolean;
  /** Whether the terminal draws block characters. Default true. */
  unicode?: boolean;
  /** Used where there is no terminal. Default: a logger onto `stream`. */
  log?: Log;
  /** Default `Date.now`. */
  now?: Clock;
}

const REDRAW_MS = 250;
const LOG_EVERY_MS = 10_000;

export function createProgress(options: ProgressOptions): Progress {
  return options.isTTY ? createDisplay(options) : createLogged(options);
}

function createDisplay({ stream, unicode = true, now = Date.now }: ProgressOptions): Progress {
  const display = createLogUpdate(stream);
  let latest: BatchSnapshot | undefined;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let pending: NodeJS.Timeout | undefined;
  let ended = false;

  const draw = (): void => {
    clearTimeout(pending);
    pending = undefined;
    if (latest === undefined) return;
    drawnAt = now();
    // The last column stays free: some terminals wrap as soon as it is filled.
    const width = Math.max(1, (stream.columns ?? 80) - 1);
    display(progressLines(latest, { width, unicode, now: now() }).join('\n'));
  };

  return {
    show(snapshot) {
      if (ended) return;
      latest = snapshot;
      if (pending !== undefined) return;
      const wait = REDRAW_MS - (now() - drawnAt);
      if (wait <= 0) return draw();
      pending = setTimeout(draw, wait);
      pending.unref();
    },
    note(line) {
      if (ended) return;
      display.persist(plainText(line));
      draw();
    },
    done(finalText) {
      if (ended) return;
      draw();
      ended = true;
      display.done();
      if (finalText) stream.write(`${finalText}\n`);
    },
  };
}

function createLogged({
  stream,
  log = createLog({ to: stream }),
  now = Date.now,
}: ProgressOptions): Progress {
  let loggedAt = now();
  let latest: BatchSnapshot | undefined;
  let ended = false;

  return {
    show(snapshot) {
      if (ended) return;
      const before = latest;
      latest = snapshot;
      if (before?.state !== snapshot.state) {
        log.info(
          { event: 'batch.state', ...progressFields(snapshot) },
          `${snapshot.target}: ${snapshot.state}`,
        );
        loggedAt = now();
      } else if (now() - loggedAt >= LOG_EVERY_MS) {
        log.info(
          { event: 'batch.progress', ...progressFields(snapshot) },
          `${snapshot.target}: ${snapshot.state}`,
        );
        loggedAt = now();
      }
    },
    note(line) {
      if (!ended) log.info({ event: 'note' }, plainText(line));
    },
    done(finalText) {
      if (ended) return;
      ended = true;
      if (finalText) log.info({ event: 'note' }, plainText(finalText));
    },
  };
}
