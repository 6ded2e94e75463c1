/**
 * The order of what this process does with its one thread while it fetches: answers are read, and the next pages asked for,
 * before what was answered is worked on. Else the last of sixteen answers that come together waits for fifteen pages' rows,
 * and so does the page that its place is for. One page's work at a time, with a look at the network before each.
 */
import { setImmediate as networkRead } from 'node:timers/promises';

let last: Promise<unknown> = Promise.resolve();

/** Resolves when a page's work may begin. */
export function ownTurn(): Promise<void> {
  const turn = last.then(() => networkRead());
  last = turn;
  return turn;
}
