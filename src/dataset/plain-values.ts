/** Numbers and instants as `firstRows` shows them, whichever library read them. */

/** Numbers where they are exact, else bigint. */
export function numberOf(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The instant of microseconds since 1970, to the millisecond before. */
export function dateOf(micros: bigint): Date {
  // In bigints: from the year 2255 on the microseconds are no exact number any more.
  const rest = ((micros % 1000n) + 1000n) % 1000n;
  return new Date(Number((micros - rest) / 1000n));
}
