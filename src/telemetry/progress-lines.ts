/** The batch's display as text: pure, so that it can be read in a test as in a terminal. */
import { formatDuration } from './duration.js';
import { plainText } from './plain-text.js';
import type { AggregationStanding, BatchSnapshot, LaneStanding } from './snapshot.js';

export interface LineStyle {
  /** Characters in a row of the terminal. */
  width: number;
  /** False: ASCII only. */
  unicode: boolean;
  /** ms since the epoch. */
  now: number;
}

/** At most seven lines, none wider than the terminal. */
export function progressLines(snapshot: BatchSnapshot, style: LineStyle): string[] {
  const { pages } = snapshot;
  const settled = pages.completed + pages.gone + pages.skipped + pages.dead;
  const share = pages.frontier === 0 ? 0 : Math.min(1, settled / pages.frontier);
  const paced = snapshot.paced === true ? ' (paced)' : '';
  const eta = snapshot.etaMs === undefined ? '' : `  ETA ${formatDuration(snapshot.etaMs)}${paced}`;
  const counts = `${percent(share)}  ${count(settled)}/${count(pages.frontier)} pages  ${snapshot.pagesPerSecond.toFixed(1)}/s${eta}`;

  const lines = [
    `${snapshot.target} ${snapshot.date}  ${snapshot.state} ${formatDuration(Math.max(0, style.now - Date.parse(snapshot.since)))}  ${snapshot.batch}`,
    `${bar(share, style)} ${counts}`,
    `${nowWords(snapshot)}  rows ${count(snapshot.rows)}  quarantined ${count(snapshot.quarantined)}  retries ${count(snapshot.retries)}`,
    `completed ${count(pages.completed)}  gone ${count(pages.gone)}  skipped ${count(pages.skipped)}  dead ${count(pages.dead)}  unfinished ${count(pages.unfinished)}`,
  ];
  if (snapshot.lane !== undefined) lines.push(`lane ${laneWords(snapshot.lane)}`);
  const timing = timingOf(snapshot);
  if (timing !== undefined) lines.push(timing);
  if (snapshot.notice !== undefined) lines.push(`! ${snapshot.notice}`);
  return lines.map((line) => fitWidth(plainText(line), style));
}

function nowWords(snapshot: BatchSnapshot): string {
  if (snapshot.aggregation !== undefined) return aggregationWords(snapshot.aggregation);
  return `in flight ${snapshot.inFlight} of ${snapshot.limit}${heldByWords(snapshot, '  held by ')}`;
}

/** `3 of 8 partitions written`, or before that how much of the segments is dealt to them. */
export function aggregationWords({ split, splits, written, partitions }: AggregationStanding): string {
  return split < splits
    ? `${split} of ${splits} shares of the segments dealt to ${partitions} partitions`
    : `${written} of ${partitions} partitions written`;
}

/** `fetching: 1,204 fetched, 96 rendered (learning 20, sample 76)`, and why nothing is fetched. */
export function laneWords({ stage, why, fetched, rendered, renderedFor }: LaneStanding): string {
  const reasons = Object.entries(renderedFor).map(([reason, pages]) => `${reason} ${count(pages)}`);
  const counts = `${count(fetched)} fetched, ${count(rendered)} rendered`;
  const rest = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  return `${stage}: ${counts}${rest}${why === undefined ? '' : `; ${why}`}`;
}

/** `machine (memory)` after the given words; nothing when nothing holds the batch back. */
export function heldByWords({ heldBy }: Pick<BatchSnapshot, 'heldBy'>, before: string): string {
  if (heldBy === undefined) return '';
  return `${before}${heldBy.by}${heldBy.why === undefined ? '' : ` (${heldBy.why})`}`;
}

/** Margin, page times, and what would help; undefined when nothing of it is known. */
export function timingOf({ margin, p50Ms, p99Ms, risk }: BatchSnapshot): string | undefined {
  const figures = [
    ...(margin === undefined ? [] : [`margin ${percent(margin)}`]),
    ...(p50Ms === undefined ? [] : [`page p50 ${formatDuration(p50Ms)}`]),
    ...(p99Ms === undefined ? [] : [`p99 ${formatDuration(p99Ms)}`]),
  ];
  if (figures.length === 0) return undefined;
  const isMissed = margin !== undefined && margin < 0;
  const verdict = isMissed ? ': the SLA window will be missed' : risk === undefined ? '' : ': at risk';
  return `${figures.join('  ')}${verdict}${risk === undefined ? '' : `; ${risk}`}`;
}

/** The fields of a log line, for where there is no room for a display. */
export function progressFields(snapshot: BatchSnapshot): Record<string, unknown> {
  const { notice, pagesPerSecond, etaMs, margin, ...fields } = snapshot;
  return {
    ...fields,
    pagesPerSecond: Number(pagesPerSecond.toFixed(2)),
    ...(etaMs === undefined ? {} : { etaMs: Math.round(etaMs) }),
    ...(margin === undefined ? {} : { margin: Number(margin.toFixed(3)) }),
    ...(notice === undefined ? {} : { notice: plainText(notice) }),
  };
}

/** `text` cut to the terminal's width, the cut marked. */
export function fitWidth(text: string, { width, unicode }: Pick<LineStyle, 'width' | 'unicode'>): string {
  if (displayWidth(text) <= width) return text;
  const mark = unicode ? '…' : '...';
  let room = width - mark.length;
  let fitted = '';
  for (const { segment } of GRAPHEMES.segment(text)) {
    room -= displayWidth(segment);
    if (room < 0) break;
    fitted += segment;
  }
  return width < mark.length ? '' : fitted + mark;
}

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
const ZERO_WIDTH = /^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u;
const TWO_WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    if (!ZERO_WIDTH.test(segment)) width += TWO_WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

function bar(share: number, { width, unicode }: LineStyle): string {
  const cells = Math.max(5, Math.min(30, width - 60));
  const full = Math.floor(share * cells);
  return unicode
    ? '█'.repeat(full) + '░'.repeat(cells - full)
    : `[${'#'.repeat(full)}${'-'.repeat(cells - full)}]`;
}

/** Rounded down, so that 100 % means all. */
export function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
