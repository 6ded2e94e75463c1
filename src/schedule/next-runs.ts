/**
 * When a cron expression is due in a zone. On the night on which clocks go forward a time that does not exist is due as
 * much later (02:30 at 03:30); on the one on which they go back a time that comes twice is due the first time, unless
 * every hour is meant. So what runs daily runs once on every date of the zone.
 *
 * cron-parser, which BullMQ asks, leaves out a day where the clocks of a zone go forward at midnight (Havana, Beirut,
 * Cairo), and gives a time that comes twice twice when it is asked in between. So what it says is held against the bare
 * calendar.
 */
import { CronExpressionParser } from 'cron-parser';

/** Epoch ms of the first time after `afterMs`; undefined when there is none. */
export function nextRun(cron: string, tz: string, afterMs: number): number | undefined {
  const bare = bareNext(cron, tz, afterMs);
  const known = isHourly(cron) ? knownNext(cron, tz, afterMs) : firstShown(cron, tz, afterMs);
  if (known === undefined || bare === undefined) return known ?? bare;
  return Math.min(known, bare);
}

/** The first `count` of them. */
export function nextRuns(cron: string, tz: string, afterMs: number, count: number): number[] {
  const runs: number[] = [];
  for (
    let at = nextRun(cron, tz, afterMs);
    at !== undefined && runs.length < count;
    at = nextRun(cron, tz, at)
  )
    runs.push(at);
  return runs;
}

/** Those after `afterMs` up to `untilMs`, the first `most` of them. */
export function runsUntil(
  cron: string,
  tz: string,
  { afterMs, untilMs, most }: { afterMs: number; untilMs: number; most: number },
): number[] {
  const runs: number[] = [];
  let at = nextRun(cron, tz, afterMs);
  while (at !== undefined && at <= untilMs && runs.length < most) {
    runs.push(at);
    at = nextRun(cron, tz, at);
  }
  return runs;
}

/** The wall clock of a zone: `2026-03-29 03:30 +02:00`. */
export function clockIn(tz: string, atMs: number): string {
  const offset = offsetMinutes(tz, atMs);
  const wall = new Date(atMs + offset * MINUTE_MS).toISOString();
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${wall.slice(0, 10)} ${wall.slice(11, 16)} ${offset < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Times of the bare calendar that lie before `afterMs` because they came twice. */
const MOST_PASSED = 200;

function knownNext(cron: string, tz: string, afterMs: number): number | undefined {
  try {
    return CronExpressionParser.parse(cron, { tz, currentDate: new Date(afterMs) })
      .next()
      .getTime();
  } catch {
    return undefined; // the 30th of February
  }
}

/** The same without those that are the second of two. */
function firstShown(cron: string, tz: string, afterMs: number): number | undefined {
  let at = knownNext(cron, tz, afterMs);
  while (at !== undefined && instantOf(tz, at + offsetMinutes(tz, at) * MINUTE_MS) < at)
    at = knownNext(cron, tz, at);
  return at;
}

function isHourly(cron: string): boolean {
  return cron.trim().split(/\s+/).at(-4)?.startsWith('*') === true;
}

function bareNext(cron: string, tz: string, afterMs: number): number | undefined {
  let wall = afterMs + offsetMinutes(tz, afterMs) * MINUTE_MS;
  for (let passed = 0; passed < MOST_PASSED; passed++) {
    const next = knownNext(cron, 'UTC', wall);
    if (next === undefined) return undefined;
    const at = instantOf(tz, next);
    if (at > afterMs) return at;
    wall = next;
  }
  return undefined;
}

/** Of a wall clock written as if it were UTC's: the first time that it is shown, or by the offset before the gap. */
function instantOf(tz: string, wallMs: number): number {
  const before = offsetMinutes(tz, wallMs - DAY_MS);
  const after = offsetMinutes(tz, wallMs + DAY_MS);
  const shown = [before, after]
    .map((offset) => wallMs - offset * MINUTE_MS)
    .filter((at) => at + offsetMinutes(tz, at) * MINUTE_MS === wallMs);
  return shown.length > 0 ? Math.min(...shown) : wallMs - before * MINUTE_MS;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offsetMinutes(tz: string, atMs: number): number {
  let format = formats.get(tz);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: tz, timeZoneName: 'longOffset' });
    formats.set(tz, format);
  }
  const name = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const [, sign, hours = '0', minutes = '0'] = /GMT([+-])?(\d\d)?:?(\d\d)?/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
