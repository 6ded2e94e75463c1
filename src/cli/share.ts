/** The store that the machines of a farm share (THRESH_STORE), as commands use it. */
import { openShare, type Share } from '../batch/share.js';
import { isBatchId } from '../batch/spec.js';
import type { Settings } from '../settings.js';

/** For the length of one piece of work; undefined when all of the farm is on one machine. */
export async function withShare<T>(
  settings: Settings,
  work: (share: Share | undefined) => Promise<T>,
): Promise<T> {
  const share = await openShare(settings.store, settings);
  return work(share).finally(() => share?.close());
}

/** What other machines made known of a batch is at home when it resolves. */
export function bringHome(settings: Settings, batch: string): Promise<void> {
  return withShare(settings, async (share) => {
    if (isBatchId(batch)) await share?.of(batch).pull();
  });
}
