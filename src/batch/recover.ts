/**
 * Puts Redis's knowledge of a batch together again from the batch's own files: after a kill, a lost Redis, or on
 * another machine's behalf. The frontier says which pages there are, the segments which of them have their outcome.
 *
 * Workers may go on settling pages meanwhile: a page is settled only after its commit stands in a segment, so what was
 * settled before the clearing is read again here, and what is settled after it stays.
 */

import type { Frontier } from '../discovery/frontier.js';
import { fingerprint, normaliseUrl } from '../discovery/normalise.js';
import type { PageLedger } from '../queue/page-ledger.js';
import { readAllGroups } from '../spool/segment-reader.js';
import { readByOf } from '../spool/totals.js';
import { isVoid, type Voids } from '../spool/which-counts.js';
import type { ResolvedTarget } from '../target/defaults.js';

export interface RecoverInput {
  target: ResolvedTarget;
  frontier: Frontier;
  ledger: PageLedger;
  segments: string;
  voids: Voids;
}

export interface Recovered {
  settled: number;
  /** Pages to be fetched in the frontier (not skipped). */
  taken: number;
  /** Soft pages that do not count. */
  undone: number;
  /** Pages that were carried over and do not count. */
  uncarried: number;
}

const SETTLE_AT_ONCE = 200;

export async function recover(input: RecoverInput): Promise<Recovered> {
  await input.ledger.clear();
  // Side by side: while one waits for Redis the other one reads.
  const passes = [readFrontier(input), readSegments(input)] as const;
  await Promise.allSettled(passes); // neither writes into a ledger that is cleared again
  const [taken, settled] = await Promise.all(passes);
  return { taken, ...settled };
}

/** Which pages the batch has. Returns how many are to be fetched. */
async function readFrontier({ target, frontier, ledger }: RecoverInput): Promise<number> {
  let taken = 0;
  for await (const pages of frontier.read()) {
    taken += pages.filter((page) => page.skip === undefined).length;
    const identities = pages.map((page) => normaliseUrl(page.url, target.url) ?? page.url);
    await ledger.addSeen(identities.map(fingerprint));
  }
  return taken;
}

/** Which of them have their outcome. */
async function readSegments({ ledger, segments, voids }: RecoverInput): Promise<Omit<Recovered, 'taken'>> {
  let settled = 0;
  let undone = 0;
  let uncarried = 0;
  let settling: Promise<boolean>[] = [];
  const settleAll = async (): Promise<void> => {
    settled += (await Promise.all(settling)).filter(Boolean).length;
    settling = [];
  };
  for await (const { page } of readAllGroups(segments)) {
    if (isVoid(page, voids)) {
      if (page.soft !== undefined) undone += 1;
      if (page.carried !== undefined) uncarried += 1;
      continue;
    }
    const { outcome, rows, quarantined, follow } = page;
    const followed = follow === undefined || follow.length === 0 ? undefined : JSON.stringify(follow);
    const readBy = readByOf(page);
    const one = ledger.settle({ page: page.page, outcome, rows, quarantined, followed, readBy });
    one.catch(() => undefined); // thrown when they are awaited
    settling.push(one);
    if (settling.length >= SETTLE_AT_ONCE) await settleAll();
  }
  await settleAll();
  return { settled, undone, uncarried };
}
