/** Waits for a browser call at most `limitMs`; true when it was done in time and without an error. Never throws. */
export async function bounded(call: Promise<unknown>, limitMs: number): Promise<boolean> {
  return inTime(call, limitMs, 'late').then(
    () => true,
    () => false,
  );
}

/** What the call gives; throws `late` when it gives nothing within `limitMs`. */
export async function inTime<T>(call: Promise<T>, limitMs: number, late: unknown): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), limitMs);
  });
  return Promise.race([call, expired]).finally(() => clearTimeout(timer));
}
