/**
 * Keeps a bounded window of the frontier's pages waiting in the queue, never the whole frontier. Reads on from where it
 * stopped; when the queue has run dry and pages are still without an outcome (Redis lost jobs, or they were put back),
 * it starts over and feeds only those.
 */
import type { Queue } from 'bullmq';
import type { Frontier, FrontierCursor, FrontierPage } from '../discovery/frontier.js';
import type { PageJob } from '../page/work-page.js';
import type { Queued } from '../queue/fetch-look.js';
import { pageJobId } from '../queue/keys.js';
import type { PageLedger } from '../queue/page-ledger.js';
import type { Carrier, ToRender } from './carrying.js';
import { beforeOf } from './reextracting.js';

export interface FeederOptions {
  batch: string;
  queue: Queue;
  frontier: Frontier;
  ledger: PageLedger;
  /** Takes pages over that need not be rendered. */
  carrier: Carrier;
  /** Tries in all. */
  attempts: number;
  /** What is done with a page whose outcome stands in the frontier: it is skipped, or was settled by another batch. */
  skip(page: FrontierPage): Promise<void>;
}

export interface Feeder {
  /**
   * Fills the window, or reads on through pages that need not be fed for as long as a look may take. `queued`: the queue's
   * jobs, as of a moment ago. False when it had nothing to do: the window is full enough, or the frontier is at its end.
   */
  feed(queued: Queued): Promise<boolean>;
  /** Begins again at the frontier's start; pages that are settled or queued are passed over. */
  rewind(): void;
}

/** Pages that wait; those in flight are bounded by the farm's slots, and however many they are, others have to wait for them. */
const WINDOW = 1_000;
const REFILL_BELOW = 600;
/** Of reading through pages that need not be rendered: there is more to be done than to feed. */
const MOST_OF_A_LOOK_MS = 500;

export function createFeeder(options: FeederOptions): Feeder {
  const { batch, queue, frontier, ledger } = options;
  let cursor: FrontierCursor | undefined;

  async function feed({ waiting, delayed, prioritized }: Queued): Promise<boolean> {
    const ahead = waiting + delayed + prioritized;
    if (ahead >= REFILL_BELOW) return false;
    let room = WINDOW - ahead;
    let readOn = false;
    for (const untilMs = performance.now() + MOST_OF_A_LOOK_MS; room > 0 && performance.now() < untilMs; ) {
      const { pages, next } = await frontier.readFrom(cursor, Math.min(room, 500));
      if (pages.length === 0) return readOn;
      const unsettled = await withoutSettled(ledger, pages);
      for (const page of unsettled) if (isSettledUnread(page)) await options.skip(page);
      const wanted = unsettled.filter((page) => !isSettledUnread(page));
      const jobs = (await options.carrier.carry(wanted)).map((one) => jobOf(options, one));
      if (jobs.length > 0) await queue.addBulk(jobs);
      cursor = next;
      readOn = true;
      room -= jobs.length;
    }
    return readOn;
  }

  return {
    feed,
    rewind() {
      cursor = undefined;
    },
  };

  function jobOf({ attempts }: FeederOptions, { page, sample, before }: ToRender) {
    const { kept } = beforeOf(page);
    const data: PageJob = {
      batch,
      page: page.n,
      url: page.url,
      ...(page.label === undefined ? {} : { label: page.label }),
      ...(page.data === undefined ? {} : { data: page.data }),
      ...(sample === undefined ? {} : { sample }),
      ...(before === undefined ? {} : { before }),
      ...(kept === undefined ? {} : { kept }),
    };
    return {
      name: 'page',
      data,
      opts: { ...pageJobOptions(attempts), jobId: pageJobId(batch, page.n) },
    };
  }
}

function isSettledUnread(page: FrontierPage): boolean {
  return page.skip !== undefined || beforeOf(page).was !== undefined;
}

/** Of each page's job, beside its id. */
export function pageJobOptions(attempts: number) {
  return {
    attempts,
    backoff: { type: 'within-budget' }, // the crew's own strategy
    removeOnComplete: true,
    removeOnFail: true,
  };
}

async function withoutSettled(ledger: PageLedger, pages: readonly FrontierPage[]): Promise<FrontierPage[]> {
  const first = pages[0]?.n ?? 0;
  const last = pages.at(-1)?.n ?? first;
  const from = first - (first % 8);
  const bits = await ledger.settledBits(from, Math.floor((last - from) / 8) + 1);
  return pages.filter(({ n }) => !bitOf(bits, n - from));
}

/** Redis numbers the bits of a byte from the most significant one. */
function bitOf(bits: Buffer, at: number): boolean {
  return (((bits[at >>> 3] ?? 0) >> (7 - (at & 7))) & 1) === 1;
}
