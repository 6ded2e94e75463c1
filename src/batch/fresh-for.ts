/** One reading for all who ask within `ms` of it; a reading that failed is for those who waited for it. */
export function freshFor<Value>(ms: number, read: () => Promise<Value>): () => Promise<Value> {
  let reading: Promise<Value> | undefined;
  let untilMs = 0;
  return () => {
    const nowMs = performance.now();
    if (reading === undefined || nowMs >= untilMs) {
      untilMs = nowMs + ms;
      const latest = read();
      reading = latest;
      latest.catch(() => {
        if (reading === latest) reading = undefined;
      });
    }
    return reading;
  };
}
