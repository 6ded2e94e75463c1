import { describe, test } from 'vitest';

/** True by `npm run test:long`: also what is too long for every run, and proves the same once more in other cases. */
export const isLong = process.env.TEST_LONG !== undefined;

/** In every other run there are no such tests. */
export function longOnly(name: string, tests: () => void): void {
  if (isLong) describe(name, tests);
}

export function longTest(name: string, run: () => Promise<void>): void {
  if (isLong) test(name, run);
}

/** All cases, or in a run that is not long the first `few` of them. */
export function casesOf<T>(cases: readonly T[], few: number): T[] {
  return isLong ? [...cases] : cases.slice(0, few);
}
