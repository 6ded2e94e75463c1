/**
 * Each line that a page writes to its console goes through the browser's pipe to Node, and a page that writes without
 * end keeps Node busy and fills the browser's memory with what Node has not read yet (10 GB in four minutes were seen).
 * So a document may write so many lines, and what it writes after that is dropped in the page itself.
 */
import type { BrowserContext } from 'playwright';

const MOST_LINES = 200;

export async function quietConsole(context: BrowserContext): Promise<void> {
  await context.addInitScript((most) => {
    let left = most;
    for (const name of [
      'log',
      'debug',
      'info',
      'warn',
      'error',
      'dir',
      'dirxml',
      'table',
      'trace',
      'assert',
      'count',
      'group',
      'groupCollapsed',
      'groupEnd',
      'timeEnd',
      'timeLog',
    ] as const) {
      const write = console[name].bind(console) as (...args: unknown[]) => void;
      console[name] = (...args: unknown[]) => {
        if (left-- > 0) write(...args);
      };
    }
  }, MOST_LINES);
}
