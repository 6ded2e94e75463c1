/** Instants and days as ISO text, years 0001 to 9999: the span that every warehouse and both engines hold. */

const INSTANT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(?:\.(\d+))?(Z|[+-]\d{2}:?\d{2})$/i;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

function isoOf(date: Date): string | undefined {
  if (Number.isNaN(date.getTime())) return undefined;
  const text = date.toISOString();
  // Beyond the four-digit years toISOString writes a sign.
  return /^\d/.test(text) && !text.startsWith('0000') ? text : undefined;
}

/**
 * `2024-01-31T12:00:00.000Z` for a Date or an ISO text with a zone; six digits after the point where the text has
 * microseconds. Undefined for anything else, and for finer fractions, which would be lost.
 */
export function instantText(value: unknown): string | undefined {
  if (value instanceof Date) return isoOf(value);
  if (typeof value !== 'string') return undefined;
  const parts = INSTANT.exec(value);
  // Date would take 02-30 for 03-01.
  if (!parts || dayText(value.slice(0, 10)) === undefined) return undefined;
  const fraction = (parts[2] ?? '').replace(/0+$/, '').padEnd(6, '0');
  if (fraction.length > 6) return undefined;
  const iso = isoOf(
    new Date(`${parts[1]}.${fraction.slice(0, 3)}${parts[3]}`.replace(/(T\d\d:\d\d)\./i, '$1:00.')),
  );
  if (iso === undefined || fraction.endsWith('000')) return iso;
  return `${iso.slice(0, -1)}${fraction.slice(3)}Z`;
}

/** Microseconds since 1970 of such a text. */
export function microsOf(instant: string): bigint {
  const micros = instant.length > 24 ? BigInt(instant.slice(23, 26)) : 0n;
  return BigInt(Date.parse(`${instant.slice(0, 23)}Z`)) * 1000n + micros;
}

/** `2024-01-31` for such a text, or for the UTC day of a Date; undefined for anything else. */
export function dayText(value: unknown): string | undefined {
  if (value instanceof Date) return isoOf(value)?.slice(0, 10);
  if (typeof value !== 'string' || !DAY.test(value)) return undefined;
  // A day that does not exist (02-30) is either refused by Date or comes back as another.
  const iso = isoOf(new Date(`${value}T00:00:00.000Z`))?.slice(0, 10);
  return iso === value ? iso : undefined;
}

/** Days since 1970 of such a text. */
export function dayNumberOf(day: string): number {
  return Date.parse(`${day}T00:00:00.000Z`) / 86_400_000;
}
