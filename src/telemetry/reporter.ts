/** Says what a farm does: on a terminal a steady display with notes above it, elsewhere a JSON line an event. */
import type { LogLevel } from '../settings.js';
import { createLog } from './log.js';
import { plainText } from './plain-text.js';
import { createProgress } from './progress.js';
import type { BatchSnapshot } from './snapshot.js';

/** A typed fact of a room: its `kind` and its fields. */
export interface Fact {
  kind: string;
}

export interface Reporter {
  event(fact: Fact): void;
  snapshot(snapshot: BatchSnapshot): void;
  note(line: string): void;
  done(line: string): void;
}

/** Facts that a person at a terminal wants to read; the counts of all others are in the display. */
const TOLD = new Set([
  'batch.taken-over',
  'batch.other-code',
  'batch.discovered',
  'batch.resumed',
  'batch.paused',
  'batch.went-on',
  'batch.waited',
  'batch.left-to',
  'redis.forgot',
  'batch.refused-links',
  'browser.missed',
  'browser.crashed',
  'target.overloaded',
  'target.down',
  'target.back',
  'target.quiet-hours',
  'batch.soft-began',
  'batch.soft-off',
  'batch.soft-undone',
  'batch.block-learned',
  'batch.block-off',
  'batch.block-undone',
  'batch.night-planned',
  'batch.carried-undone',
  'batch.lane-learned',
  'batch.lane-off',
  'batch.lane-undone',
  'sla.at-risk',
  'sla.recovered',
  'proxy.left',
  'proxy.returned',
  'proxies.missed',
  'page.dead',
  'alert.missed',
  'traces.missed',
  'night.began',
  'night.missed',
  'night.skipped',
  'night.queued',
  'night.cancelled-last',
  'night.failed',
  'schedule.changed',
  'schedule.refused',
]);
const WARNINGS = new Set([
  'batch.taken-over',
  'batch.other-code',
  'batch.paused',
  'batch.waited',
  'batch.left-to',
  'batch.soft-off',
  'batch.block-off',
  'batch.carried-undone',
  'batch.lane-off',
  'target.overloaded',
  'target.down',
  'sla.at-risk',
  'redis.forgot',
  'browser.missed',
  'browser.crashed',
  'proxy.left',
  'proxies.missed',
  'night.missed',
  'night.skipped',
  'night.cancelled-last',
  'schedule.refused',
  'alert.missed',
  'traces.missed',
]);
const DETAILS = new Set([
  'page.attempted',
  'page.retried',
  'page.retired',
  'partition.began',
  'delivery.stepped',
]);
const MOST_NOTES_OF_A_KIND = 5;

export function createReporter({
  stream,
  logLevel,
  unicode,
}: {
  stream: NodeJS.WriteStream;
  logLevel: LogLevel;
  unicode: boolean;
}): Reporter {
  const isTTY = stream.isTTY === true;
  const log = createLog({ level: logLevel });
  const progress = createProgress({ stream, isTTY, unicode, log });
  const told = new Map<string, number>();

  return {
    event(fact) {
      const { kind, ...fields } = fact;
      if (!isTTY) {
        const { level: _, ...said } = fields as { level?: unknown }; // it is the line's own
        log[levelOf(fact)](said, kind);
        return;
      }
      const times = (told.get(kind) ?? 0) + 1;
      told.set(kind, times);
      if (TOLD.has(kind) && times <= MOST_NOTES_OF_A_KIND)
        progress.note(plainText(`${kind} ${worded(fields)}`, 400));
    },
    snapshot: (snapshot) => progress.show(snapshot),
    note: (line) => progress.note(line),
    done: (line) => progress.done(line),
  };
}

function levelOf(fact: Fact): 'debug' | 'info' | 'warn' | 'error' {
  if (fact.kind === 'target.said')
    return (fact as Fact & { level: 'debug' | 'info' | 'warn' | 'error' }).level;
  if (DETAILS.has(fact.kind)) return 'debug';
  if (fact.kind === 'page.dead' || fact.kind === 'batch.broke' || fact.kind === 'night.failed')
    return 'error';
  return WARNINGS.has(fact.kind) ? 'warn' : 'info';
}

function worded(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .filter(([name]) => name !== 'batch')
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' ');
}
