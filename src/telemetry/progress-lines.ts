/** The batch's display as text: pure, so that it can be read in a test as in a terminal. */
import { formatDuration } from './duration.js';
import { plainText } from './plain-text.js';

/** What is known of a batch at one moment. The display is made of nothing else. */
export interface ProgressSnapshot {
  batch: string;
  target: string;
  /** `YYYY-MM-DD` */
  date: string;
  state: string;
  /** When this state began, ms since the epoch. */
  since: number;
  pages: {
    frontier: number;
    completed: number;
    gone: number;
    skipped: number;
    dead: number;
    unfinished: number;
  };
  rows: number;
  quarantined: number;
  retries: number;
  inFlight: number;
  limit: number;
  pagesPerSecond: number;
  /** Undefined while it cannot be told. */
  etaMs?: number | undefined;
  /** `1 - projected run time / SLA window`; undefined without an SLA. */
  margin?: number | undefined;
  /** One line that a person should see now, e.g. why the batch is paused. */
  notice?: string | undefined;
}

export interface LineStyle {
  /** Characters in a row of the terminal. */
  width: number;
  /** False: ASCII only. */
  unicode: boolean;
  /** ms since the epoch. */
  now: number;
}

/** At most six lines, none wider than the terminal. */
export function progressLines(snapshot: ProgressSnapshot, style: LineStyle): string[] {
  const { pages } = snapshot;
  const settled = pages.completed + pages.gone + pages.skipped + pages.dead;
  const share = pages.frontier === 0 ? 0 : Math.min(1, settled / pages.frontier);
  const eta = snapshot.etaMs === undefined ? '' : `  ETA ${formatDuration(snapshot.etaMs)}`;
  const counts = `${percent(share)}  ${count(settled)}/${count(pages.frontier)} pages  ${snapshot.pagesPerSecond.toFixed(1)}/s${eta}`;

  const lines = [
    `${snapshot.target} ${snapshot.date}  ${snapshot.state} ${formatDuration(Math.max(0, style.now - snapshot.since))}  ${snapshot.batch}`,
    `${bar(share, style)} ${counts}`,
    `in flight ${snapshot.inFlight} of ${snapshot.limit}  rows ${count(snapshot.rows)}  quarantined ${count(snapshot.quarantined)}  retries ${count(snapshot.retries)}`,
    `completed ${count(pages.completed)}  gone ${count(pages.gone)}  skipped ${count(pages.skipped)}  dead ${count(pages.dead)}  unfinished ${count(pages.unfinished)}`,
  ];
  if (snapshot.margin !== undefined) {
    lines.push(
      `margin ${percent(snapshot.margin)}${snapshot.margin < 0 ? ': the SLA window will be missed' : ''}`,
    );
  }
  if (snapshot.notice !== undefined) lines.push(`! ${snapshot.notice}`);
  return lines.map((line) => fitWidth(plainText(line), style));
}

/** One line for a log that has no room for a display. */
export function progressFields(snapshot: ProgressSnapshot): Record<string, unknown> {
  const { since, notice, ...fields } = snapshot;
  return {
    ...fields,
    ...(notice === undefined ? {} : { notice: plainText(notice) }),
    since: new Date(since).toISOString(),
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
function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
