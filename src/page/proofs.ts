/**
 * What makes rows believed that were read by a short cut: within an application that was led on (soft-lane.ts), or with
 * less loaded (lean-lane.ts). Pages that were read so one after the other are numbered: a *sequence*. Now and then one
 * of it is loaded whole as well, a *sample*. Where both give the same, the sequence is proven up to there. Where they
 * differ the short cut is over for the batch, and every page of a sequence that was not proven since is rendered again.
 * Of sequences that ended otherwise the last page is loaded when the batch has no other pages left (`proveRecorded`). So
 * no row is delivered of a sequence that nobody has looked at since.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { PageRecord, RenderedFor, SoftMark } from '../spool/record.js';
import {
  type CompletedPage,
  type PageTask,
  type RenderDeps,
  type RenderOutcome,
  renderPage,
} from './render.js';
import { differenceOf, digestOf } from './same-rows.js';

/** What is known of the batch's short cuts over the whole farm. */
export interface SoftBook {
  look(): Promise<SoftStanding>;
  /** The sequence gave what loading gives, up to its page number `upTo`. */
  proven(document: string, upTo: number): Promise<void>;
  /** `doubt`: pages of sequences that were not proven are rendered again. */
  turnOff(reason: string, doubt: boolean): Promise<void>;
  /** What was learned of the pages of a kind: without `why` and `learning`, that they are fetched from now on. */
  note(note: LaneNote): Promise<void>;
}

export interface LaneNote {
  /** Its name. */
  of: string;
  /** Of what is not to be had; of what is learned anew, why it did not hold. */
  why?: string;
  /** It is being learned. */
  learning?: true;
}

export interface SoftStanding {
  /** Good ones. */
  samples: number;
  off: { reason: string; doubt: boolean } | undefined;
}

export type LaneOutcome = RenderOutcome & {
  soft?: SoftMark;
  renderedFor?: RenderedFor;
  /** It was not rendered: what an earlier batch got of it, and kept. */
  carried?: Pick<PageRecord, 'carried' | 'kept' | 'validator'>;
};

/** A way for pages to be rendered. */
export interface PageLane {
  /** As `renderPage`. */
  render(task: PageTask, deps: RenderDeps): Promise<LaneOutcome>;
  /** Its pages need no browser now, but for a few. */
  isFetching?(): boolean;
}

export interface Proofs {
  /** The page was read by a short cut, as the `nth` of a sequence: it is loaded, compared, and what was loaded holds. */
  compare(task: PageTask, deps: RenderDeps, read: ShortCut): Promise<RenderOutcome>;
  /** The same for a page that has its outcome. */
  proveRecorded(task: PageTask, deps: RenderDeps, mark: SoftMark): Promise<RenderOutcome>;
  /** The page as it was read by a short cut; loaded where such pages may not be kept any more. */
  keep(task: PageTask, deps: RenderDeps, read: ShortCut & Pick<RenderOutcome, 'seen'>): Promise<LaneOutcome>;
  /** The sequence cannot be proven. */
  giveUp(url: string): Promise<void>;
  /** Drawn by page number, the same whoever draws. `samples`: good ones of the batch. */
  isSample(page: number, samples: number): boolean;
}

export interface ShortCut {
  rendered: CompletedPage;
  document: string;
  nth: number;
}

/** One page in so many is compared. */
const SAMPLE_EVERY = 50;
/** Good ones, from which on they are drawn more seldom: each costs two pages. */
const MANY_SAMPLES = 20;
const SELDOM_EVERY = 100;

export function createProofs({ batch, book }: { batch: string; book: SoftBook }): Proofs {
  /** A target whose rows change by themselves differs from itself as well: then nothing can be proven either. */
  async function confirm(
    task: PageTask,
    deps: RenderDeps,
    { loaded, difference }: { loaded: Extract<RenderOutcome, { ok: true }>; difference: string },
  ): Promise<RenderOutcome> {
    const { url } = task.request;
    const again = await renderNext(task, deps);
    const change = again.ok ? differenceOf(loaded.rendered, again.rendered) : undefined;
    const reason =
      change === undefined
        ? `${url} gives other rows than when it is loaded${deps.target.definition.learnsBlock ? ' whole' : ''}: ${difference}`
        : changing(url, change);
    await book.turnOff(reason, true);
    return again.ok ? again : loaded;
  }

  return {
    async compare(task, deps, { rendered, document, nth }) {
      const loaded = await renderNext(task, deps);
      if (!loaded.ok) return loaded;
      const difference = differenceOf(rendered, loaded.rendered);
      if (difference !== undefined) return confirm(task, deps, { loaded, difference });
      await book.proven(document, nth);
      return loaded;
    },
    async proveRecorded(task, deps, { document, nth, digest }) {
      const loaded = await renderPage(task, deps);
      if (!loaded.ok) return loaded;
      if (digestOf(loaded.rendered) === digest) await book.proven(document, nth);
      else await confirm(task, deps, { loaded, difference: 'not what was read of it before' });
      return loaded;
    },
    async keep(task, deps, { rendered, seen, document, nth }) {
      const isTrusted = (await book.look()).off?.doubt !== true;
      if (!isTrusted) return renderNext(task, deps);
      return { ok: true, rendered, seen, soft: { document, nth, digest: digestOf(rendered) } };
    },
    giveUp: (url) => book.turnOff(`${url} could not be loaded to compare its rows`, true),
    isSample: (page, samples) =>
      drawOf(batch, page) < 1 / (samples < MANY_SAMPLES ? SAMPLE_EVERY : SELDOM_EVERY),
  };
}

/** Once more, for a page that has been asked for: as far behind as two pages have to be. */
export async function renderNext(task: PageTask, deps: RenderDeps): Promise<RenderOutcome> {
  const { minDelayMs } = deps.target.definition.throttle;
  if (minDelayMs > 0) await delay(minDelayMs, undefined, { signal: task.signal }).catch(() => undefined);
  return renderPage(task, deps);
}

/** A page that is loaded in any case: it is tried again, or its browser went away. */
export function isLoadedAnyway({ request, traced, alone }: PageTask): boolean {
  return request.attempt > 1 || traced === true || alone === true;
}

export function changing(url: string, change: string): string {
  return `the rows of ${url} differ between two loads, so nothing can be compared: ${change}`;
}

/** From 0 to 1, the same for a page of a batch whoever draws. */
export function drawOf(batch: string, page: number): number {
  return createHash('sha256').update(`${batch} ${page}`).digest().readUInt32BE() / 2 ** 32;
}
