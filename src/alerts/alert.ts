/** What people are told of, and the words for it. */
import { createHash } from 'node:crypto';
import { plainText } from '../telemetry/plain-text.js';

export type AlertKind =
  | 'batch.delivered'
  | 'batch.held'
  | 'batch.failed'
  | 'batch.cancelled'
  /** By a person. */
  | 'batch.paused'
  /** The batch was paused since its last pages say that the site has changed. */
  | 'schema.drifted'
  /** A disk or Redis is in the way. */
  | 'batch.waited'
  | 'proxies.exhausted'
  | 'target.down'
  | 'sla.at-risk'
  | 'sla.recovered'
  | 'dead-letters.many'
  | 'night.missed'
  | 'night.skipped'
  | 'night.failed'
  /** `thresh alerts test` */
  | 'test';

export type Severity = 'info' | 'warning' | 'error';

/** What a receiver of JSON gets. */
export interface Alert {
  version: 1;
  /** The same whenever the same thing is told again: whoever has seen it may pass it over. */
  id: string;
  kind: AlertKind;
  severity: Severity;
  /** ISO */
  at: string;
  target: string;
  batch?: string;
  /** `YYYY-MM-DD` */
  date?: string;
  /** One line. */
  title: string;
  /** More lines; nothing when the title says all. */
  text: string;
  /** Figures: rows, pages, seconds, shares. */
  facts: Record<string, number | string>;
}

/** What one is told of. What pages wrote is in `title`, `text` and `facts` only, without control characters. */
export interface Told {
  kind: AlertKind;
  target: string;
  batch?: string | undefined;
  /** Beside the target and the date. */
  words: string;
  text?: string | undefined;
  facts?: Record<string, number | string> | undefined;
  /** Tells this one from others of its kind about the same batch. Default: the words. */
  of?: string | undefined;
  /** ISO. Default now. */
  at?: string | undefined;
}

const SEVERITY: Partial<Record<AlertKind, Severity>> = {
  'batch.held': 'error',
  'batch.failed': 'error',
  'schema.drifted': 'error',
  'proxies.exhausted': 'error',
  'night.failed': 'error',
  'batch.paused': 'warning',
  'batch.waited': 'warning',
  'target.down': 'warning',
  'sla.at-risk': 'warning',
  'dead-letters.many': 'warning',
  'night.missed': 'warning',
  'night.skipped': 'warning',
};
const MOST_TEXT = 2_000;
const MOST_TITLE = 300;
const MOST_FACT = 200;

/** The date that a batch's id names. */
const DATE = /-(\d{4})(\d{2})(\d{2})-[0-9a-z]{6}$/;

export function alertOf({ kind, target, batch, words, text, facts = {}, of = words, at }: Told): Alert {
  const date = batch === undefined ? undefined : DATE.exec(batch)?.slice(1).join('-');
  const named = date === undefined ? target : `${target} ${date}`;
  return {
    version: 1,
    id: createHash('sha256')
      .update(JSON.stringify([kind, batch ?? target, of]))
      .digest('hex')
      .slice(0, 32),
    kind,
    severity: SEVERITY[kind] ?? 'info',
    at: at ?? new Date().toISOString(),
    target,
    ...(batch === undefined ? {} : { batch }),
    ...(date === undefined ? {} : { date }),
    title: plainText(`${named}: ${words}`, MOST_TITLE),
    text: (text ?? '')
      .split('\n')
      .map((line) => plainText(line, MOST_TEXT))
      .join('\n')
      .slice(0, MOST_TEXT),
    facts: Object.fromEntries(
      Object.entries(facts).map(([name, value]) => [
        name,
        typeof value === 'string' ? plainText(value, MOST_FACT) : value,
      ]),
    ),
  };
}
