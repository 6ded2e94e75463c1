/** What one lease's work asked of the network; for people, so it is counted only where somebody looks. */
import type { ConsoleMessage, Page, Request, Response } from 'playwright';

export interface NetworkTally {
  requests: number;
  blocked: number;
  failed: number;
  /** Time to first byte, ms: of the document, and of each of its data requests (XHR, fetch). */
  documentTtfbMs: number | undefined;
  dataTtfbMs: number[];
  /** `METHOD STATUS TYPE URL`, at most 500. */
  lines: { method: string; status: number | 'blocked' | 'failed'; type: string; url: string }[];
  consoleErrors: string[];
}

const MAX_LINES = 500;
const MAX_ERRORS = 50;

export function emptyTally(): NetworkTally {
  return {
    requests: 0,
    blocked: 0,
    failed: 0,
    documentTtfbMs: undefined,
    dataTtfbMs: [],
    lines: [],
    consoleErrors: [],
  };
}

/** Counts until the function that it returns is called. */
export function watchNetwork(page: Page, tally: NetworkTally): () => void {
  const onRequest = (): void => {
    tally.requests += 1;
  };
  const onFailed = (request: Request): void => {
    const blocked = /BLOCKED_BY_CLIENT|inspector/i.test(request.failure()?.errorText ?? '');
    if (blocked) tally.blocked += 1;
    else tally.failed += 1;
    note(request, blocked ? 'blocked' : 'failed');
  };
  const onResponse = (response: Response): void => {
    const request = response.request();
    const { responseStart, requestStart } = request.timing();
    const ttfbMs = Math.max(0, responseStart - Math.max(0, requestStart));
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) tally.documentTtfbMs = ttfbMs;
    else if (['xhr', 'fetch'].includes(request.resourceType())) tally.dataTtfbMs.push(ttfbMs);
    note(request, response.status());
  };
  const note = (request: Request, status: number | 'blocked' | 'failed'): void => {
    if (tally.lines.length >= MAX_LINES) return;
    tally.lines.push({
      method: request.method(),
      status,
      type: request.resourceType(),
      url: request.url().slice(0, 500),
    });
  };
  const onConsole = (message: ConsoleMessage): void => {
    if (message.type() === 'error') noteError(message.text());
  };
  const onPageError = (error: Error): void => noteError(error.message);
  const noteError = (text: string): void => {
    tally.consoleErrors.push(text.slice(0, 500));
    // Without a listener Playwright does not pass them on: a page that floods its console keeps nobody busy.
    if (tally.consoleErrors.length >= MAX_ERRORS)
      page.off('console', onConsole).off('pageerror', onPageError);
  };
  page
    .on('request', onRequest)
    .on('requestfailed', onFailed)
    .on('response', onResponse)
    .on('console', onConsole)
    .on('pageerror', onPageError);
  return () => {
    page
      .off('request', onRequest)
      .off('requestfailed', onFailed)
      .off('response', onResponse)
      .off('console', onConsole)
      .off('pageerror', onPageError);
  };
}
