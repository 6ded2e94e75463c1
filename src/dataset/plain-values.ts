/** Numbers and instants as `firstRows` shows them, whichever library read them. */

/** Numbers where they are exact, else bigint. */
export function numberOf(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The instant of microseconds since 1970, to the millisecond. */
export function dateOf(micros: bigint): Date {
  return new Date(Math.floor(Number(micros) / 1000));
}
