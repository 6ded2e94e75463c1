import type { Page } from 'playwright';

/**
 * The value of an expression in the page's document, from a world of its own that the page's scripts cannot reach. What
 * runs longer than `limitMs` is stopped. Throws what the expression throws, and when the document goes meanwhile.
 */
export async function evaluateApart(page: Page, expression: string, limitMs: number): Promise<unknown> {
  const session = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await session.send('Page.getFrameTree');
    const world = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression,
      contextId: world.executionContextId,
      returnByValue: true,
      timeout: limitMs,
    });
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description?.split('\n')[0] ?? exceptionDetails.text);
    return result.value;
  } finally {
    await session.detach().catch(() => undefined);
  }
}
