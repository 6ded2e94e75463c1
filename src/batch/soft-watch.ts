/**
 * Short cuts (`navigate: 'soft'`, `block: 'auto'`, `lane: 'auto'`) as the runner of a batch sees them: says when one begins and when it is
 * turned off, has what is in doubt rendered again, and at the end has every document proven whose pages nobody has compared
 * yet: the last page of each is loaded. A batch does not leave `fetching` before each page that was read by a short cut is
 * one of a proven document.
 */
import type { Queue } from 'bullmq';
import type { Frontier, FrontierPage } from '../discovery/frontier.js';
import { SAMPLES } from '../page/soft-lane.js';
import type { PageJob } from '../page/work-page.js';
import { proofJobId } from '../queue/keys.js';
import type { SoftMark } from '../spool/record.js';
import { readAllGroups } from '../spool/segment-reader.js';
import { isVoid } from '../spool/which-counts.js';
import type { OnBatchEvent } from './events.js';
import { pageJobOptions } from './feeder.js';
import type { BatchSoftBook } from './soft-book.js';

export interface SoftWatch {
  /** To be called often. True when pages have lost their outcome: the batch's books are to be put together again. */
  look(): Promise<boolean>;
  /** To be called when every page has its outcome, until it says `done`. `again`: as above. */
  conclude(): Promise<'done' | 'waiting' | 'again'>;
}

export type ShortCut = 'soft' | 'block' | 'lane';

/** Soft navigation where a target asks for both: what is read with less loaded then are its soft pages. */
export function shortCutOf({
  navigate,
  learnsBlock,
  lane,
}: {
  navigate: 'load' | 'soft';
  learnsBlock: boolean;
  lane: 'render' | 'auto';
}): ShortCut | undefined {
  if (lane === 'auto') return 'lane';
  return navigate === 'soft' ? 'soft' : learnsBlock ? 'block' : undefined;
}

export interface SoftWatchOptions {
  batch: string;
  book: BatchSoftBook;
  /** By which its pages may be read. */
  shortCut: ShortCut | undefined;
  /** As the batch's books were put together. */
  inDoubt: boolean;
  segments: string;
  frontier: Frontier;
  queue: Queue;
  attempts: number;
  onEvent: OnBatchEvent;
}

interface Asked extends SoftMark {
  page: number;
}

const IDLE_LOOKS = 10;

export function createSoftWatch(options: SoftWatchOptions): SoftWatch {
  const { batch, book, inDoubt, queue, shortCut, onEvent } = options;
  let asked: Asked[] = [];
  let idleLooks = 0;
  let begun: boolean | undefined;
  let over: boolean | undefined;

  async function look(): Promise<boolean> {
    const { samples, off } = await book.look();
    const begins = samples >= SAMPLES && off === undefined;
    if (begins && begun === false && shortCut === 'soft')
      onEvent({ kind: 'batch.soft-began', batch, samples });
    if (off !== undefined && over === false)
      onEvent({ kind: `batch.${shortCut ?? 'soft'}-off`, batch, ...off });
    begun = begins;
    over = off !== undefined;
    return off?.doubt === true && !inDoubt;
  }

  /** Pages that are without an outcome since what they have does not count; else the documents to be proven. */
  async function openQuestions(): Promise<{ voided: boolean; unproven: Asked[] }> {
    const { proven } = await book.look();
    const last = new Map<string, Asked>();
    const voided = new Set<number>();
    const counting = new Set<number>();
    for await (const { page: record } of readAllGroups(options.segments)) {
      const { page, soft } = record;
      if (soft === undefined || !isVoid(record, { softBeyond: proven })) {
        if (voided.has(page)) counting.add(page);
        continue;
      }
      voided.add(page);
      if (soft.nth > (last.get(soft.document)?.nth ?? 0)) last.set(soft.document, { ...soft, page });
    }
    if (!inDoubt) return { voided: false, unproven: [...last.values()] };
    // Also a page whose loaded outcome stands before what does not count: read on for those that are left.
    const left = new Set([...voided].filter((page) => !counting.has(page)));
    if (left.size > 0)
      for await (const { page: record } of readAllGroups(options.segments))
        if (!isVoid(record, { softBeyond: proven })) left.delete(record.page);
    return { voided: left.size > 0, unproven: [] };
  }

  async function ask(unproven: readonly Asked[]): Promise<void> {
    const pages = await findPages(options.frontier, new Set(unproven.map(({ page }) => page)));
    const jobs = unproven.flatMap(({ page, ...proof }) => {
      const found = pages.get(page);
      return found === undefined ? [] : [jobOf(found, proof)];
    });
    onEvent({ kind: `batch.${shortCut ?? 'soft'}-compared`, batch, pages: jobs.length });
    await queue.addBulk(jobs);
    asked = [...unproven];
    idleLooks = 0;
  }

  function jobOf({ n, url, label, data }: FrontierPage, proof: SoftMark) {
    const job: PageJob = {
      batch,
      page: n,
      url,
      ...(label === undefined ? {} : { label }),
      ...(data === undefined ? {} : { data }),
      proof,
    };
    const opts = { ...pageJobOptions(options.attempts), jobId: proofJobId(batch, n, proof.nth) };
    return { name: 'page', data: job, opts };
  }

  /** Nothing is on its way any more, and yet not everything that was asked has its answer. */
  async function isStuck(): Promise<boolean> {
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
    idleLooks = Object.values(counts).every((count) => count === 0) ? idleLooks + 1 : 0;
    return idleLooks >= IDLE_LOOKS;
  }

  return {
    // What is written while nobody here goes by it, by a worker that knows an older target, is met at the end.
    look: async () => shortCut !== undefined && (await look()),
    async conclude() {
      if (await look()) return 'again';
      const { proven } = await book.look();
      const isAnswered = asked.every(({ document, nth }) => (proven.get(document) ?? 0) >= nth);
      if (!isAnswered) {
        if (!(await isStuck())) return 'waiting';
        await book.turnOff('what was read by a short cut could not be compared', true);
        return 'again';
      }
      const { voided, unproven } = await openQuestions();
      if (voided) return 'again';
      if (unproven.length === 0) return 'done';
      if (shortCut !== undefined) {
        await ask(unproven);
        return 'waiting';
      }
      await book.turnOff('the target no longer asks for it', true);
      return 'again';
    },
  };
}

async function findPages(
  frontier: Frontier,
  wanted: ReadonlySet<number>,
): Promise<Map<number, FrontierPage>> {
  const found = new Map<number, FrontierPage>();
  for await (const pages of frontier.read())
    for (const page of pages) if (wanted.has(page.n)) found.set(page.n, page);
  return found;
}
