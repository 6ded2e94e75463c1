import { encodePages, type Frontier, type NewPage } from '../discovery/frontier.js';
import type { BatchRecord } from './share.js';

/** A frontier whose pages stand in the farm's store before they are in it: what is handed out, others know of. */
export function sharedFrontier(frontier: Frontier, record: BatchRecord | undefined): Frontier {
  if (record === undefined) return frontier;
  /** Noted already, when the disk here refused them afterwards: they are tried again. */
  let noted: readonly NewPage[] | undefined;
  return {
    get size() {
      return frontier.size;
    },
    async append(pages) {
      if (pages.length === 0) return;
      if (noted !== pages) await record.foundPages(encodePages(pages));
      noted = pages;
      await frontier.append(pages);
    },
    readFrom: (cursor, count) => frontier.readFrom(cursor, count),
    read: () => frontier.read(),
    close: () => frontier.close(),
  };
}
