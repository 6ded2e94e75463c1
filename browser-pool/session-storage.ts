/** Session storage outlives the documents of a page, and can be reached only from a frame of its own origin. */
import type { Page } from 'playwright';
import { inTime } from './bounded.js';

const FRAME_LIMIT_MS = 500;

/** The origin whose session storage a document of this URL uses; empty when it has none. */
export function originOf(url: string): string {
  return URL.canParse(url) && new URL(url).origin !== 'null' ? new URL(url).origin : '';
}

/** Clears that of every frame, and keeps their documents from writing to it again as they leave. Returns the origins. */
export async function clearSessionStorage(page: Page): Promise<Set<string>> {
  const cleared = await Promise.all(
    page.frames().map((frame) => {
      const origin = originOf(frame.url());
      if (origin === '') return '';
      const clearing = frame.evaluate(() => {
        sessionStorage.clear();
        const idle = (): null => null;
        const nobody = { setItem: idle, getItem: idle, removeItem: idle, clear: idle, key: idle, length: 0 };
        Object.defineProperty(window, 'sessionStorage', { value: nobody });
      });
      return inTime(clearing, FRAME_LIMIT_MS, 'late').then(
        () => origin,
        () => '', // busy, gone or sandboxed
      );
    }),
  );
  return new Set(['', ...cleared]);
}
