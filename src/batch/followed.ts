/**
 * Takes the links that completed pages followed into the frontier, in the order of the pages that followed them: the
 * links of page n enter only when all pages before n are settled. So the frontier, and with it which duplicate wins,
 * depends on what the pages say and not on which of them was quicker.
 */
import type { Frontier } from '../discovery/frontier.js';
import type { FetchLook } from '../queue/fetch-look.js';
import type { PageLedger } from '../queue/page-ledger.js';
import type { FollowedLink } from '../spool/record.js';
import type { Json } from '../target/definition.js';
import type { Admission, Candidate } from './admission.js';

export interface FollowedLinks {
  /** Every page before this one is settled and its links taken in. */
  next(): number;
  /** Takes in what can be taken now. Returns links refused for their host. */
  take(seen: Pick<FetchLook, 'settledTo' | 'hasFollowed'>): Promise<{ added: number; refused: string[] }>;
  /** All pages are settled and their links taken in. */
  isDone(): boolean;
}

/** Pages looked at in one call. */
const STRIDE = 4_096;
/** Asked for and taken in together: a page may follow thousands of links, and the event loop is not ours alone. */
const PAGES_AT_ONCE = 256;
const LINKS_AT_ONCE = 1_000;

export function createFollowedLinks(
  frontier: Frontier,
  ledger: PageLedger,
  admission: Admission,
): FollowedLinks {
  let next = 0;

  return {
    isDone: () => next >= frontier.size,
    next: () => next,
    async take({ settledTo, hasFollowed }) {
      const end = Math.min(settledTo, frontier.size, next + STRIDE);
      let added = 0;
      const refused: string[] = [];
      if (!hasFollowed) next = Math.max(next, end);
      while (next < end) {
        const count = Math.min(PAGES_AT_ONCE, end - next);
        const pages = Array.from({ length: count }, (_, at) => next + at);
        const following = await ledger.followedByAny(pages);
        for (const candidates of portionsOf(following)) {
          const admitted = await admission.admit(candidates);
          added += admitted.added;
          refused.push(...admitted.refused);
        }
        await ledger.forgetFollowed(following.map(([page]) => page));
        next += count;
      }
      return { added, refused };
    },
  };
}

/** The links of these pages, in order. */
function* portionsOf(following: readonly [number, string][]): Generator<Candidate[]> {
  let candidates: Candidate[] = [];
  for (const [page, json] of following) {
    for (const link of JSON.parse(json) as FollowedLink[]) {
      candidates.push({
        url: link.url,
        from: page,
        ...(link.label === undefined ? {} : { label: link.label }),
        ...(link.data === undefined ? {} : { data: link.data as Json }),
      });
      if (candidates.length < LINKS_AT_ONCE) continue;
      yield candidates;
      candidates = [];
    }
  }
  if (candidates.length > 0) yield candidates;
}
