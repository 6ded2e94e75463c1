/**
 * Carries pages over from the last delivered batch that have not changed since it fetched them: their rows, the refused ones
 * too, become this batch's own, in its own segments, in place of rendering. A share of them is rendered all the same, and
 * compared by whoever renders it (work-page.ts); one that gives something else ends carrying for the night, and what was
 * carried does not count any more. Of pages whose documents are to be asked whether they have changed what was got then
 * is handed on: they are pages like others to the queue and the throttle (page/fetch/revisit-lane.ts).
 *
 * Always rendered: pages that the last batch has not completed or that gave it nothing, those that followed links, that
 * were themselves followed or carry data along, and whatever is not there any more as it was written.
 */
import type { FrontierPage } from '../discovery/frontier.js';
import { reasonOf } from '../errors.js';
import { type BeforeOfPage, carriedGroup, digestOfGroup } from '../page/carried.js';
import { drawOf } from '../page/proofs.js';
import type { PageGroup } from '../spool/group.js';
import { buildPageIndex, type FoundPage, type PageIndex } from '../spool/page-index.js';
import { isVoid } from '../spool/which-counts.js';
import type { UnchangedBy } from '../target/definition.js';
import { type AlikeDocuments, createAlikeDocuments } from './alike-documents.js';
import { deadSince, discoveredPages, readJournal } from './journal.js';
import { planNight } from './night-plan.js';
import type { Running } from './running.js';
import { createSoftBook } from './soft-book.js';
import { batchFiles } from './spec.js';
import { isUnchanged } from './unchanged.js';

/** A page that is to be rendered. */
export interface ToRender {
  page: FrontierPage;
  /** Of what would have been carried over: what it gives is compared with it. */
  sample?: string;
  /** What was got of it then: its document is asked first. */
  before?: BeforeOfPage;
}

export interface Carrier {
  /** Carries over what can be, durably, and hands back the others in their order. */
  carry(pages: readonly FrontierPage[]): Promise<ToRender[]>;
  close(): Promise<void>;
}

/** Bytes of rows, about, that are on their way to the disk at once. */
const MOST_WAITING = 4 * 1024 * 1024;
const COMMIT_BYTES = 300;

/** Hands all pages back: of a night that is full, or a target that renders all of its pages anyway. */
export const NOTHING_CARRIED: Carrier = {
  carry: async (pages) => pages.map((page) => ({ page })),
  close: async () => undefined,
};

/** The night is planned when its first page is about to be fed. */
export async function openCarrier(deps: Running): Promise<Carrier> {
  const { spec, target, carryBook: book, signal, onEvent } = deps;
  const { incremental } = target.definition;
  if (incremental === undefined || spec.reextractOf !== undefined) return NOTHING_CARRIED;
  const plan = await planNight({ ...deps, full: incremental.full, isShared: deps.share !== undefined });
  const { base, full = (await book.look()).off?.reason } = plan;
  const batch = spec.id;
  if (base === undefined || full !== undefined) {
    onEvent({ kind: 'batch.night-planned', batch, full: full ?? '' });
    return NOTHING_CARRIED;
  }
  const documents = createAlikeDocuments();
  const index = await indexOf(base, documents, deps).catch(async (error: unknown) => {
    signal.throwIfAborted();
    await book.turnOff(`the pages of ${base} cannot be read: ${reasonOf(error)}`, true);
  });
  const asks = incremental.by.includes('document');
  const notAsked = asks ? documents.verdict() : undefined;
  onEvent({ kind: 'batch.night-planned', batch, base, ...(notAsked === undefined ? {} : { notAsked }) });
  if (notAsked !== undefined) await book.note({ of: 'documents', why: notAsked });
  if (index === undefined) return NOTHING_CARRIED;
  const carrying = { ...deps, ...incremental, index, asks: asks && notAsked === undefined };
  return { carry: (pages) => carryAll(pages, carrying), close: () => index.close() };
}

interface Carrying extends Running {
  index: PageIndex;
  /** Share of the unchanged pages that is rendered all the same. */
  sample: number;
  by: readonly UnchangedBy[];
  /** Documents whether they have changed. */
  asks: boolean;
}

/** Of what counts among the segments of the base. */
async function indexOf(
  base: string,
  documents: AlikeDocuments,
  { home, files, signal }: Running,
): Promise<PageIndex> {
  const of = batchFiles(home, base);
  const journal = await readJournal(of.journal);
  const discovered = discoveredPages(journal) ?? 0;
  const bookAt = (file: string) => createSoftBook({ file, patiently: (work) => work() }).look();
  const voids = {
    deadBefore: deadSince(journal),
    softBeyond: (await bookAt(of.soft)).proven,
    carried: (await bookAt(of.carried)).off !== undefined,
  };
  return buildPageIndex({
    segments: of.segments,
    batch: base,
    folder: files.carriedIndex,
    counts: (page) => !isVoid(page, voids),
    isUsable({ page, follow = [], validator }) {
      documents.add(validator);
      return page < discovered && follow.length === 0;
    },
    signal,
  });
}

async function carryAll(pages: readonly FrontierPage[], options: Carrying): Promise<ToRender[]> {
  const left: ToRender[] = [];
  if ((await options.carryBook.look()).off !== undefined) return pages.map((page) => ({ page }));
  const possible = pages.filter(mayBeCarried);
  const found = new Map((await options.index.find(possible)).map((one, at) => [possible[at], one]));
  let waiting: Promise<void>[] = [];
  let bytes = 0;
  for (const page of pages) {
    options.signal.throwIfAborted();
    const before = found.get(page);
    const isSaid = before !== undefined && options.by.includes('lastmod');
    const group =
      isSaid && isUnchanged(page.lastmod, before.fetchedAt) ? await groupOf(page, before) : undefined;
    if (group === undefined) left.push(asked(page, before, options));
    else if (drawOf(`${options.spec.id} unchanged`, page.n) < options.sample)
      left.push({ page, sample: digestOfGroup(group) });
    else {
      waiting.push(settle(group, options));
      bytes += COMMIT_BYTES + (before?.place.bytes ?? 0);
      if (bytes < MOST_WAITING) continue;
      await Promise.all(waiting);
      waiting = [];
      bytes = 0;
    }
  }
  await Promise.all(waiting);
  return left;
}

function mayBeCarried({ skip, from, data }: FrontierPage): boolean {
  return skip === undefined && from === undefined && data === undefined;
}

function asked(page: FrontierPage, before: FoundPage | undefined, { asks }: Carrying): ToRender {
  if (!asks || before === undefined) return { page };
  const { place, origin, fetchedAt } = before;
  return { page, before: { ...place, origin, fetchedAt } };
}

/** What the page gives this batch; undefined when it is not there any more. */
async function groupOf(
  { n: page, url, label }: FrontierPage,
  { fetchedAt, origin, read }: FoundPage,
): Promise<PageGroup | undefined> {
  const records = await read();
  const mark = { from: origin, fetchedAt };
  return records && carriedGroup({ page, url, label, attempt: 0, mark }, records);
}

async function settle(group: PageGroup, { segments, ledger }: Carrying): Promise<void> {
  await segments.append(group);
  const { rows, quarantined, page } = group;
  await ledger.settle({
    page: page.page,
    outcome: 'completed',
    rows: rows.length,
    quarantined: quarantined.length,
    readBy: 'carried',
  });
}
