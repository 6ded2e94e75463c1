/** How `lane: 'auto'` goes while the batch runs: of what its pages counted, and what its book knows of their kinds. */
import type { LaneNote, SoftStanding } from '../page/proofs.js';
import type { PageCounts } from '../queue/page-ledger.js';
import { plainText } from '../telemetry/plain-text.js';
import type { LaneKind, LaneStanding } from '../telemetry/snapshot.js';

export interface LaneFacts {
  counts: Pick<PageCounts, 'completed' | 'readBy'>;
  book: SoftStanding & { notes: readonly LaneNote[] };
  /** Of a farm of several machines: its pages are all rendered. */
  isShared: boolean;
}

const MOST_KINDS = 20;
const MOST_WHY = 300;

export function laneStandingOf({ counts, book, isShared }: LaneFacts): LaneStanding {
  const { soft = 0, carried = 0, ...renderedFor } = counts.readBy;
  const kinds = isShared ? [] : kindsOf(book.notes);
  const off = isShared ? 'the farm has several machines' : book.off?.reason;
  return {
    ...over(kinds, off),
    fetched: soft,
    rendered: Math.max(0, counts.completed - soft - carried),
    renderedFor,
    compared: book.samples,
    kinds: kinds.slice(0, MOST_KINDS),
  };
}

/** As was said of each last. */
function kindsOf(notes: readonly LaneNote[]): LaneKind[] {
  const latest = new Map<string, LaneKind>();
  for (const { of, why, learning } of notes) {
    const stage = learning === true ? 'learning' : why === undefined ? 'fetching' : 'not-learned';
    const said = why === undefined ? {} : { why: plainText(why, MOST_WHY) };
    latest.set(of, { kind: plainText(of, MOST_WHY), stage, ...said });
  }
  return [...latest.values()];
}

/** Of the lane as a whole: what the furthest of its kinds is at. */
function over(kinds: readonly LaneKind[], off: string | undefined): Pick<LaneStanding, 'stage' | 'why'> {
  if (off !== undefined) return { stage: 'off', why: plainText(off, MOST_WHY) };
  for (const stage of ['fetching', 'learning', 'not-learned'] as const) {
    const first = kinds.find((kind) => kind.stage === stage);
    if (first !== undefined) return { stage, ...(first.why === undefined ? {} : { why: first.why }) };
  }
  return { stage: 'learning' };
}
