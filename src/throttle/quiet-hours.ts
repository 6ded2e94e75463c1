/** Times of the day at which a target is left alone. Pure. */

/** `HH:MM`, `to` not included and, before `from`, of the next day; `tz` an IANA name, UTC without one. */
interface Span {
  from: string;
  to: string;
  tz?: string;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

/**
 * Epoch ms at which the quiet hours that hold at `nowMs` end; undefined outside of them. Where the clocks change in
 * between it is up to an hour off: ask again.
 */
export function quietUntil(hours: Span, nowMs: number): number | undefined {
  const from = minutesOf(hours.from);
  const length = (minutesOf(hours.to) - from + DAY_MINUTES) % DAY_MINUTES;
  const passed = (minutesOf(localTime(nowMs, hours.tz ?? 'UTC')) - from + DAY_MINUTES) % DAY_MINUTES;
  if (passed >= length) return undefined;
  return nowMs - (nowMs % MINUTE_MS) + (length - passed) * MINUTE_MS;
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
}

function localTime(nowMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(nowMs);
}
