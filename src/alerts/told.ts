/** Of what happens in a farm, what people are told. */
import type { BatchEvent } from '../batch/events.js';
import { isEnd, lastEntry } from '../batch/journal.js';
import { batchFiles, readSpec, targetOf } from '../batch/spec.js';
import { readReport } from '../batch/standings.js';
import type { Report } from '../delivery/manifest.js';
import { reasonOf } from '../errors.js';
import type { NightEvent } from '../schedule/events.js';
import { formatDuration } from '../telemetry/duration.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import { type Alert, alertOf } from './alert.js';

/** So many pages given up, and such a share of the frontier, are told before the batch ends. */
const MANY_DEAD = { pages: 10, share: 0.01 };

/** Undefined for all that nobody is told of; a batch's end is told from its files (`endOf`). */
export function ofEvent(event: BatchEvent | NightEvent): Alert | undefined {
  switch (event.kind) {
    case 'batch.paused': {
      const kind = event.by === 'drift' ? 'schema.drifted' : 'batch.paused';
      const words = event.by === 'drift' ? 'paused, the site seems to have changed' : 'paused';
      return aboutBatch(event.batch, { kind, words, text: event.reason });
    }
    case 'batch.broke':
      return aboutBatch(event.batch, {
        ...{ kind: 'batch.failed', words: 'could not be run' },
        ...{ text: reasonOf(event.error), of: hour() },
      });
    case 'batch.waited': {
      if (event.of !== 'proxies')
        return aboutBatch(event.batch, { kind: 'batch.waited', words: 'waits', text: event.reason });
      const words = 'no proxy is left that works';
      return aboutBatch(event.batch, { kind: 'proxies.exhausted', words, text: event.reason });
    }
    case 'target.down':
      return aboutBatch(event.batch, {
        kind: 'target.down',
        words: 'the target does not answer; it is probed',
      });
    case 'sla.at-risk': {
      const { batch, margin, etaMs, help } = event;
      const words = `the window is at risk: margin ${percent(margin)}, done in ${formatDuration(etaMs)}`;
      return aboutBatch(batch, {
        kind: 'sla.at-risk',
        words,
        text: help,
        facts: { margin, etaMs },
        of: hour(),
      });
    }
    case 'sla.recovered': {
      const { batch, margin, etaMs } = event;
      const words = `the window is safe again: margin ${percent(margin)}`;
      return aboutBatch(batch, { kind: 'sla.recovered', words, facts: { margin, etaMs }, of: hour() });
    }
    case 'night.missed': {
      const { target, due, lateMs, missed, skipped } = event;
      const words = `no worker was there at ${due}${missed === 0 ? '' : ` and ${missed} more times`}`;
      const text = skipped ? 'it is left out' : 'it is run now, once';
      return alertOf({ kind: 'night.missed', target, words, text, facts: { lateMs, missed } });
    }
    case 'night.skipped':
      return alertOf({
        ...{ kind: 'night.skipped', target: event.target },
        words: `left out at ${event.due}: ${event.running} still runs`,
      });
    case 'night.failed':
      return alertOf({
        ...{ kind: 'night.failed', target: event.target },
        ...{ words: `could not begin at ${event.due}`, text: event.reason },
      });
    default:
      return undefined;
  }
}

/** Told once a batch. */
export function ofSnapshot({ batch, pages }: BatchSnapshot): Alert | undefined {
  const { dead, frontier } = pages;
  if (dead < MANY_DEAD.pages || dead < frontier * MANY_DEAD.share) return undefined;
  return aboutBatch(batch, {
    kind: 'dead-letters.many',
    words: `${dead} of ${frontier} pages are given up so far`,
    text: `thresh failures ${batch}`,
    facts: { dead, frontier },
    of: 'many',
  });
}

/** Of a batch that has ended; undefined when it has not. The same alert however often it is asked for. */
export async function endOf(home: string, batch: string): Promise<Alert | undefined> {
  const spec = await readSpec(home, batch);
  const entry = await lastEntry(batchFiles(home, batch).journal);
  if (spec === undefined || entry === undefined || !isEnd(entry.state)) return undefined;
  const { state, at, reason } = entry;
  const report = state === 'delivered' || state === 'held' ? await readReport(home, spec) : undefined;
  const words =
    state === 'delivered' && report !== undefined
      ? `delivered ${report.rows.delivered.toLocaleString('en')} rows in ${formatDuration(report.times.seconds * 1_000)}`
      : state;
  const text = [
    ...(reason === undefined ? [] : [reason]),
    ...(report === undefined ? [] : bookLines(report)),
    ...(state === 'held' ? [`release it anyway: thresh deliver ${batch} --force`] : []),
    ...(state === 'failed' ? [`go on with it: thresh run ${spec.target} --date ${spec.date}`] : []),
  ].join('\n');
  const facts = report === undefined ? {} : factsOf(report);
  return alertOf({ kind: `batch.${state}`, target: spec.target, batch, words, text, facts, of: at, at });
}

type AboutBatch = Omit<Parameters<typeof alertOf>[0], 'target' | 'batch'>;

function aboutBatch(batch: string, told: AboutBatch): Alert {
  return alertOf({ ...told, batch, target: targetOf(batch) });
}

function bookLines({ pages, rows }: Report): string[] {
  return [
    `pages: ${pages.completed} completed, ${pages.gone} gone, ${pages.skipped} skipped, ${pages.dead} dead of ${pages.frontier}`,
    `rows: ${rows.delivered} delivered, ${rows.duplicates} duplicates, ${rows.quarantined} quarantined of ${rows.read}`,
  ];
}

function factsOf({ pages, rows, times, sla }: Report): Record<string, number> {
  return {
    ...{ frontier: pages.frontier, completed: pages.completed, dead: pages.dead },
    ...{ rows: rows.delivered, duplicates: rows.duplicates, quarantined: rows.quarantined },
    seconds: times.seconds,
    ...(sla === undefined ? {} : { margin: sla.margin }),
  };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** What comes and goes is told once an hour at most. */
function hour(): string {
  return new Date().toISOString().slice(0, 13);
}
