/**
 * The same items, the next one in the making while one is being used. Nothing is made any more when its reader stops, and
 * what fails in the making is thrown where that item would have come.
 */
export async function* ahead<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (let found = await next; found.done !== true; found = await next) {
      next = iterator.next();
      next.catch(() => undefined); // thrown when it is awaited
      yield found.value;
    }
  } finally {
    await iterator.return?.();
  }
}
