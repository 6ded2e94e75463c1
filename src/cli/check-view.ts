/** What `thresh check` shows to a person; a script gets the same as one value. */
import type { ColumnFit } from '../dataset/column-fit.js';
import type { Fit, PageEnd, PageFit } from '../dataset/fit.js';
import type { LaneGain } from '../page/fetch/lane-gain.js';
import { plainText } from '../telemetry/plain-text.js';
import { rowsTable } from './rows-table.js';

export interface Checked extends Fit {
  target: string;
  /** That it was compared with. */
  batch: string;
  date: string;
  /** What `lane: 'auto'` would make of its pages, by kind; absent for a target without `data`. */
  lane?: LaneGain[];
}

export function checkText(checked: Checked, width = 120): string {
  const { target, batch, date, fits, reasons, pages, columns, schema, compared } = checked;
  const told = columns.filter(isWorthTelling);
  const same = columns.length - told.length;
  const lines = [
    `${target} ${fits ? 'still fits' : 'does not fit any more'}: ${pages.length} pages, ${compared} rows compared with those of ${date} (${batch})`,
    ...reasons.map((reason) => `  ${plainText(reason, 300)}`),
    ...schema.harmless.map((change) => `  schema: ${plainText(change, 200)}`),
    '',
    rowsTable(pages.map(pageRow), width),
    ...(told.length === 0 ? [] : ['', rowsTable(told.map(columnRow), width)]),
    ...(compared === 0 ? [] : [`${same} of ${columns.length} columns are the same in all of them`]),
    ...(checked.lane ?? []).map(laneText),
  ];
  return `${lines.join('\n')}\n`;
}

function laneText({ of: kind, same, pages, why, renderMs, fetchMs }: LaneGain): string {
  const of = ` (${plainText(kind, 80)})`;
  if (why !== undefined) return `lane: 'auto' would render all pages${of}: ${plainText(why, 300)}`;
  return `lane: 'auto' would fetch pages${of}: ${same} of ${pages} gave the same, in ${fetchMs} ms each instead of ${renderMs} ms in a browser`;
}

/** In a few words. */
export function endText(end: PageEnd): string {
  switch (end.outcome) {
    case 'completed': {
      const refused = end.rows.filter(({ issues }) => issues !== undefined).length;
      return `${end.rows.length - refused} rows${refused === 0 ? '' : `, ${refused} refused`}`;
    }
    case 'gone':
      return 'gone';
    case 'failed':
      return end.code;
    case 'skipped':
      return 'skipped';
  }
}

function isWorthTelling({ changed, nulled, refused, filled, broken }: ColumnFit): boolean {
  return changed + nulled + refused + filled > 0 || broken !== undefined;
}

function pageRow({ url, outcome, code, reason, ...counts }: PageFit): Record<string, unknown> {
  const { delivered, rows, refused, missing, came } = counts;
  const end = [code ?? outcome, ...(reason === undefined ? [] : [reason])].join(': ');
  const read = outcome === 'completed' ? { rows, refused, missing, came } : {};
  return { page: pathOf(url), end, delivered, ...read };
}

function pathOf(url: string): string {
  return URL.canParse(url) ? url.slice(new URL(url).origin.length) : url;
}

function columnRow({ name, had, changed, nulled, refused, filled, moved, broken }: ColumnFit) {
  const found = moved === undefined ? 'does not fit' : `stands in ${moved.to}`;
  return {
    column: name,
    had,
    changed,
    refused,
    'now NULL': nulled,
    'was NULL': filled,
    '': broken === undefined ? '' : found,
  };
}
