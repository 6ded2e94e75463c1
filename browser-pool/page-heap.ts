import type { CDPSession } from 'playwright';

/**
 * Memory that a page's scripts and its document hold, MB: JavaScript, the DOM, buffers. Less than what its renderer
 * uses, but it can be asked of a page, and nobody says which renderer is whose.
 */
export async function heapMbOf(session: CDPSession): Promise<number> {
  const { totalSize, embedderHeapUsedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage');
  return (totalSize + embedderHeapUsedSize + backingStorageSize) / 2 ** 20;
}
