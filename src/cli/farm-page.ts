/** A farm at a glance as text, no larger than the terminal: pure, so that it can be read in a test as on a screen. */
import type { FarmLook } from '../batch/farm-look.js';
import type { Verdict } from '../batch/night-verdict.js';
import type { Night } from '../batch/nights.js';
import type { Standing } from '../batch/standings.js';
import type { WorkerStanding } from '../queue/worker-board.js';
import { formatDuration } from '../telemetry/duration.js';
import { plainText } from '../telemetry/plain-text.js';
import { fitWidth, percent } from '../telemetry/progress-lines.js';

export interface PageStyle {
  /** Characters in a row, and rows, of the terminal. */
  width: number;
  height: number;
  /** False: ASCII only. */
  unicode: boolean;
  /** ms since the epoch. */
  now: number;
}

type Mark = Verdict | 'none';

const MARKS: Record<Mark, { unicode: string; ascii: string }> = {
  delivered: { unicode: '■', ascii: '#' },
  late: { unicode: '◔', ascii: 'l' },
  thin: { unicode: '▂', ascii: 't' },
  held: { unicode: '◆', ascii: 'H' },
  failed: { unicode: '✗', ascii: 'X' },
  cancelled: { unicode: '○', ascii: 'c' },
  running: { unicode: '▸', ascii: '>' },
  paused: { unicode: '‖', ascii: '=' },
  none: { unicode: '·', ascii: '.' },
};
const WIDEST_NAME = 28;
/** A look that is older is said to be. */
const STALE_MS = 3_000;

export function farmPage(look: FarmLook, style: PageStyle): string[] {
  const { unicode, height, now } = style;
  const legend = legendOf(style);
  const running = look.running.map((one) => runningLines(one, style));
  const workers = look.workers.map(workerLine);
  // Head, heading and three empty lines; what the nights do not need the others get.
  const room = Math.max(3, height - 5 - legend.length);
  const forWorkers = Math.max(1, Math.min(workers.length, Math.floor(room / 4)));
  const forRunning = Math.max(1, Math.min(running.flat().length, Math.floor((room - forWorkers) / 2)));
  const nights = nightLines(look, { ...style, height: Math.max(1, room - forWorkers - forRunning) });
  return [
    headOf(look, now),
    '',
    ...nights,
    ...legend,
    '',
    ...(running.length === 0
      ? ['nothing runs']
      : cut(running, { room: forRunning, noun: 'running', unicode })),
    '',
    ...(workers.length === 0
      ? [look.hasRedis ? 'no worker: `thresh worker` starts one' : 'Redis is away: only files are told of']
      : cut(
          workers.map((line) => [line]),
          { room: forWorkers, noun: 'workers', unicode },
        )),
  ].map((line) => fitWidth(plainText(line), style));
}

function headOf({ at, running, workers, alerts }: FarmLook, nowMs: number): string {
  const oldMs = nowMs - Date.parse(at);
  const given = alerts.givenUp === 0 ? '' : `, ${alerts.givenUp} given up`;
  return [
    `thresh ${at.slice(11, 19)} UTC${oldMs > STALE_MS ? ` (${formatDuration(oldMs)} ago)` : ''}`,
    `${running.length} running`,
    `${workers.length} ${workers.length === 1 ? 'worker' : 'workers'}`,
    `alerts: ${alerts.waiting} waiting${given}`,
  ].join('  ');
}

/** Those whose last night is not as it should be stay when there is no room for all. */
function nightLines({ dates, targets }: FarmLook, { height, unicode, width }: PageStyle): string[] {
  if (targets.length === 0) return ['no night yet: `thresh run TARGET` makes one'];
  const widest = Math.max(...targets.map(({ target }) => target.length));
  const name = Math.min(WIDEST_NAME, Math.max(6, widest));
  const all = targets.map(({ target, nights }) => {
    const last = nights.findLast((night) => night !== null);
    const marks = nights.map((night) => MARKS[night?.verdict ?? 'none'][unicode ? 'unicode' : 'ascii']);
    const words = last === undefined || last === null ? '' : wordsOf(last);
    const label = fitWidth(target, { width: name, unicode }).padEnd(name);
    return { line: `${label}  ${marks.join(' ')}  ${words}`, isWell: last?.verdict === 'delivered' };
  });
  const [first = '', final = ''] = [dates[0]?.slice(5), dates.at(-1)?.slice(5)];
  const gap = ' '.repeat(2 * dates.length - 1 - first.length - final.length);
  const heading = `${'target'.padEnd(name)}  ${first}${gap}${final}  last night`;
  const isTooLong = all.length > height;
  const ordered = isTooLong ? [...all].sort((a, b) => Number(a.isWell) - Number(b.isWell)) : all;
  const lines = cut(
    ordered.map(({ line }) => [line]),
    { room: height, noun: 'targets', unicode },
  );
  return [heading, ...lines].map((line) => fitWidth(line, { width, unicode }));
}

function wordsOf({ verdict, rows, margin }: Night): string {
  const late = verdict === 'late' && margin !== undefined ? `, margin ${percent(margin)}` : '';
  return `${verdict}${rows === undefined ? '' : `, ${count(rows)} rows`}${late}`;
}

/** As many lines as it takes. */
function legendOf({ unicode, width }: PageStyle): string[] {
  const lines: string[] = [];
  for (const [mark, { unicode: sign, ascii }] of Object.entries(MARKS)) {
    const words = `${unicode ? sign : ascii} ${mark}`;
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + words.length > width) lines.push(words);
    else lines[lines.length - 1] = `${last} ${words}`;
  }
  return lines;
}

function runningLines(
  { batch, target, state, pages, snapshot, margin, reason }: Standing,
  { unicode }: PageStyle,
): string[] {
  if (pages === undefined) return [`${batch}  ${state}${reason === undefined ? '' : `: ${reason}`}`];
  const done = pages.frontier - pages.unfinished;
  const share = pages.frontier === 0 ? 0 : done / pages.frontier;
  const figures = [
    `${fitWidth(target, { width: WIDEST_NAME, unicode })} ${state} ${percent(share)}`,
    `${count(done)}/${count(pages.frontier)}`,
    ...(snapshot === undefined ? [] : [`${snapshot.pagesPerSecond.toFixed(1)}/s`]),
    ...(snapshot?.etaMs === undefined ? [] : [`ETA ${formatDuration(snapshot.etaMs)}`]),
    ...(margin === undefined ? [] : [`margin ${percent(margin)}`]),
    `dead ${count(pages.dead)}`,
  ];
  return [figures.join('  '), ...(reason === undefined ? [] : [`  ! ${reason}`])];
}

function workerLine({
  worker,
  slots,
  concurrency,
  reason,
  inFlight,
  memoryMb,
  budgetMb,
}: WorkerStanding): string {
  const why = reason === undefined ? '' : ` (${reason})`;
  const budget = budgetMb === undefined ? '' : ` of ${count(budgetMb)}`;
  return `${count(memoryMb)}${budget} MB  ${inFlight} in flight  ${slots} of ${concurrency} slots${why}  ${worker}`;
}

/** Whole blocks, as many as there is room for, and how many are left out. */
function cut(
  blocks: readonly (readonly string[])[],
  { room, noun, unicode }: { room: number; noun: string; unicode: boolean },
): string[] {
  if (blocks.flat().length <= room) return blocks.flat();
  const kept: string[] = [];
  let left = blocks.length;
  for (const block of blocks) {
    if (kept.length + block.length > room - 1) break;
    kept.push(...block);
    left -= 1;
  }
  return [...kept, `${unicode ? '…' : '...'} ${left} more ${noun}`];
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
