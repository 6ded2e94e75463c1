/**
 * `navigate: 'soft'`, for one batch in one process: which pages are gone to within an application that stands there,
 * and what makes their rows believed.
 *
 * A *document* is an application as it was loaded for one page, led on from page to page. It is used until a *sample*:
 * the page is rendered within it, the document is given up, and the page is loaded. Where both give the same, the
 * document is proven for all its pages up to there; the loaded rows are the page's, and what was loaded for them is the
 * next document. Where they differ, soft navigation is over for the batch, and every page of a document that was not
 * proven since is rendered again. Of documents that ended otherwise the last page is loaded when the batch has no other
 * pages left (`proveRecorded`). So no row is delivered of a document that nobody has looked at since.
 *
 *   proving   from the batch's start     every page is loaded, and a sample where a document stands for it
 *   soft      from `SAMPLES` good ones   samples are drawn by page number (proofs.ts)
 *   off       from a difference, or when little comes of it: every page is loaded
 */
import type { Page } from 'playwright';
import type { PageTest } from '../target/definition.js';
import type { PageTests } from './await-shown.js';
import { byLabel } from './by-label.js';
import {
  isLoadedAnyway,
  type LaneOutcome,
  type PageLane,
  type Proofs,
  renderNext,
  type SoftBook,
} from './proofs.js';
import {
  type Application,
  type CompletedPage,
  isPageTest,
  loadPage,
  type PageTask,
  type RenderDeps,
  type RenderOutcome,
  renderPage,
  takePage,
} from './render.js';
import { SoftMiss } from './soft-navigate.js';
import { type SoftTry, trySoftly } from './soft-try.js';

export interface SoftLaneOptions {
  batch: string;
  /** Names of the columns that name a row. */
  key: readonly string[];
  book: SoftBook;
  proofs: Proofs;
  /** Unique among all processes of the farm. */
  who: string;
}

interface Document {
  id: string;
  /** Pages that were gone to within it. */
  nth: number;
  /** What names the rows of the page that it shows. */
  shows: string;
}

/** Good ones before any other page is rendered softly. */
export const SAMPLES = 5;
/** An application may grow with every page. */
const MOST_PAGES = 200;
/** In a row. */
const MOST_MISSES = 5;
/** Documents that were loaded since none stood there, before it is asked whether that pays: each costs a comparison. */
const MANY_DOCUMENTS = 20;
const LEAST_PAGES_EACH = 3;

export function createSoftLane({ batch, key, book, proofs, who }: SoftLaneOptions): PageLane {
  const documents = new WeakMap<Page, Document>();
  /** Labels whose pages follow links: they are loaded. */
  const leading = new Set<string | undefined>();
  let made = 0;
  let misses = 0;
  let softPages = 0;
  let unasked = 0;
  let first: 'history' | 'link' = 'history';

  const namesOf = ({ rows, followed }: CompletedPage): string =>
    JSON.stringify(rows.length > 0 ? rows.map(({ row }) => key.map((name) => row[name])) : followed);

  /** The page was loaded: what stands there now is a document's beginning. */
  const applicationOf = (url: string): Application => ({
    name: `${batch} ${new URL(url).origin}`,
    leave(page, shown) {
      documents.set(page, { id: `${who}.${made++}`, nth: 0, shows: namesOf(shown) });
    },
  });

  const isSample = (samples: number, { nth }: Document, page: number): boolean =>
    samples < SAMPLES || nth + 1 >= MOST_PAGES || proofs.isSample(page, samples);

  async function missed(why: string): Promise<void> {
    misses += 1;
    if (misses < MOST_MISSES) return;
    await book.turnOff(
      `not worth it: ${misses} pages in a row had to be loaded all the same (${why})`,
      false,
    );
  }

  /** Another document begins although no sample ended one: pages come too seldom, or their browser is replaced too often. */
  async function begun(): Promise<void> {
    unasked += 1;
    if (unasked < MANY_DOCUMENTS || softPages >= unasked * LEAST_PAGES_EACH) return;
    await book.turnOff('not worth it: an application seldom stands there when the next page comes', false);
  }

  async function render(task: PageTask, deps: RenderDeps): Promise<LaneOutcome> {
    const { request } = task;
    const { samples, off } = await book.look();
    const tests = off === undefined ? testsOf(task, deps) : undefined;
    if (tests === undefined || leading.has(request.label))
      return renderPage({ ...task, block: undefined }, deps);
    const application = applicationOf(request.url);
    /** What is loaded is loaded whole. */
    const keeping: PageTask = { ...task, application, block: undefined };
    const taken = await takePage({ ...task, application }, deps);
    if (!('lease' in taken)) return taken;
    const document = taken.lease.standing ? documents.get(taken.lease.page) : undefined;
    if (document === undefined) {
      if (samples >= SAMPLES) await begun();
      if (task.block === undefined) return loadPage(keeping, deps, taken);
      await taken.lease.release('good');
      return renderPage(keeping, deps);
    }
    const sampled = isSample(samples, document, task.page);
    const staying = sampled ? {} : { application: { ...application, leave: () => undefined } };
    let nth = 0;
    const judge = (rendered: CompletedPage): void => {
      const shows = namesOf(rendered);
      if (shows === document.shows) throw new SoftMiss('it shows the rows of the page before');
      document.shows = shows;
      nth = document.nth += 1;
    };
    const tried = await trySoftly({ ...task, ...staying, tests, first, judge }, deps, taken);
    if (tried.kind === 'failed') return tried.outcome;
    if (tried.kind === 'missed') return instead(keeping, deps, tried);
    misses = 0;
    softPages += 1;
    first = tried.by;
    const read = { rendered: tried.rendered, seen: tried.seen, document: document.id, nth };
    return sampled ? proofs.compare(keeping, deps, read) : proofs.keep(keeping, deps, read);
  }

  /** A page that is gone, or fails when it is loaded too, says nothing of the application. */
  async function instead(
    task: PageTask,
    deps: RenderDeps,
    { why, leads }: Extract<SoftTry, { kind: 'missed' }>,
  ): Promise<RenderOutcome> {
    if (leads) leading.add(task.request.label);
    const loaded = await renderNext(task, deps);
    if (!leads && loaded.ok && loaded.rendered.outcome === 'completed') await missed(why);
    return loaded;
  }

  return { render };
}

/** Undefined for a page that is loaded in any case: one that is tried again, or of which no selector says that it is ready. */
function testsOf(task: PageTask, { target }: RenderDeps): (PageTests & { ready: string }) | undefined {
  if (isLoadedAnyway(task)) return undefined;
  const { request } = task;
  const { ready: option, gone, blocked, session } = target.definition;
  const ready = byLabel<PageTest>(option, request.label, isPageTest, 'ready');
  return typeof ready === 'string' ? { ready, gone, blocked, expired: session?.expired } : undefined;
}
