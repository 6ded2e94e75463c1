/**
 * A page that was answered well and holds nothing: no letter, no picture, no control, and it did not even ask for
 * data. Some sites refuse like that. A page that is merely slow or broken is not meant: what still loads, waits for
 * data or lacks one of its scripts may yet have had something to show.
 */
import type { Page } from 'playwright';
import type { PageAnswers } from '../../browser-pool/index.js';

const LOOK_MS = 1_000;

/** For a page whose `ready` did not show. Never throws: a page that cannot be asked counts as holding something. */
export async function isEmptyShell(page: Page, answers: PageAnswers): Promise<boolean> {
  const { document, answeredWell, pending, troubles, elsewhere, lostScripts } = answers;
  if (document?.status !== 200) return false;
  if (answeredWell + pending + troubles.length + elsewhere + lostScripts > 0) return false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), LOOK_MS);
  });
  return Promise.race([page.evaluate(holdsNothing).catch(() => false), late]).finally(() =>
    clearTimeout(timer),
  );
}

/** Runs in the page. */
function holdsNothing(): boolean {
  if (document.readyState !== 'complete') return false;
  // biome-ignore lint/performance/useDomNodeTextContent: scripts and noscript are text as well, and not shown
  if (/[\p{L}\p{N}]/u.test(document.body?.innerText ?? '')) return false;
  const shown = document.querySelectorAll(
    'img, svg, canvas, video, object, embed, iframe, frame, input, button, select, textarea',
  );
  for (const element of shown) {
    const { width, height } = element.getBoundingClientRect();
    if (element.checkVisibility() && width * height > 100) return false; // more than a tracking pixel
  }
  return true;
}
