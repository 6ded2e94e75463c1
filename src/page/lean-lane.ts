/**
 * `block: 'auto'`, for one batch in one process: pages are *lean* when the hosts that their rows do not need are not
 * asked. Which those are is learned for each label (block-learner.ts), one page at a time, while other pages are loaded
 * whole. Lean pages are a sequence whose samples are loaded whole (proofs.ts). Only a page beyond doubt is believed:
 * completed, with rows and none that the schema refuses, no link followed. Of all else the page is loaded whole, and that holds.
 *
 * Beside soft navigation what is loaded stays whole, for it is what soft pages are compared with: these are lean.
 */
import { type BlockSpec, isOwnSite } from '../../browser-pool/index.js';
import { type BlockLearner, createBlockLearner, type KnownHosts } from './block-learner.js';
import type { OnPageEvent } from './events.js';
import {
  changing,
  isLoadedAnyway,
  type LaneOutcome,
  type PageLane,
  type Proofs,
  renderNext,
  type SoftBook,
} from './proofs.js';
import {
  type CompletedPage,
  type PageTask,
  type RenderDeps,
  type RenderedPage,
  type RenderOutcome,
  renderPage,
} from './render.js';
import { differenceOf } from './same-rows.js';

/** What batches of a target find, for the next one; by label, `''` for pages without one. */
export interface BlockMemory {
  read(label: string): Promise<KnownHosts | undefined>;
  keep(label: string, known: KnownHosts): Promise<void>;
  /** Something of it was wrong. */
  forget(): Promise<void>;
}

export interface LeanLaneOptions {
  batch: string;
  book: SoftBook;
  proofs: Proofs;
  memory: BlockMemory;
  /** Unique among all processes of the farm. */
  who: string;
  /** Goes softly; its pages are the lean ones. */
  softly: PageLane | undefined;
  onEvent: OnPageEvent;
}

interface Kind {
  learner: BlockLearner;
  /** A page is being learned from. */
  isBusy: boolean;
  /** Its pages follow links: a link cannot be taken back once it stands in the frontier, so they are loaded whole. */
  leads: boolean;
}

/** A sample at the latest after so many. */
const MOST_UNPROVEN = 200;
/** Longer is worse than to load it whole. */
const LEAN_LIMIT_MS = 20_000;
/** In a row. */
const MOST_MISSES = 5;

export function createLeanLane(options: LeanLaneOptions): PageLane {
  const { batch, book, proofs, memory, softly, onEvent } = options;
  const kinds = new Map<string, Promise<Kind>>();
  const document = `${options.who}.lean`;
  let nth = 0;
  let provenUpTo = 0;
  let misses = 0;

  function kindOf(label = ''): Promise<Kind> {
    let kind = kinds.get(label);
    if (kind === undefined) {
      kind = memory
        .read(label)
        .then((known) => ({ learner: createBlockLearner(known), isBusy: false, leads: false }));
      kinds.set(label, kind);
    }
    return kind;
  }

  const withAll = (task: PageTask, deps: RenderDeps): Promise<LaneOutcome> =>
    softly === undefined ? renderPage(task, deps) : softly.render(task, deps);

  async function render(task: PageTask, deps: RenderDeps): Promise<LaneOutcome> {
    const { samples, off } = await book.look();
    if (off?.doubt === true) await forgetOnce();
    if (off !== undefined || isLoadedAnyway(task)) return withAll(task, deps);
    const kind = await kindOf(task.request.label);
    if (kind.leads) return withAll(task, deps);
    if (kind.learner.isLearning()) return kind.isBusy ? withAll(task, deps) : learn(task, deps, kind);
    const hosts = kind.learner.left();
    if (hosts.length === 0) return withAll(task, deps);
    const lean: PageTask = { ...task, block: without(hosts, deps) };
    return softly === undefined ? renderLean(lean, deps, { kind, samples }) : softly.render(lean, deps);
  }

  async function renderLean(
    lean: PageTask,
    deps: RenderDeps,
    { kind, samples }: { kind: Kind; samples: number },
  ): Promise<LaneOutcome> {
    const whole: PageTask = { ...lean, block: undefined };
    const read = await renderPage({ ...lean, limitMs: LEAN_LIMIT_MS, keepFailure: () => undefined }, deps);
    if (!read.ok && isOfTheFarm(read)) return read;
    if (!read.ok && read.error.code === 'PAGE_BLOCKED') {
      await book.turnOff(`${lean.request.url} was refused while not everything was loaded`, false);
      return read;
    }
    const doubt = read.ok ? doubtOf(read.rendered) : read.error.message;
    if (!read.ok || !isCompleted(read.rendered) || doubt !== undefined) {
      kind.leads ||= read.ok && leadsOn(read.rendered);
      const loaded = await renderNext(whole, deps);
      if (loaded.ok && doubtOf(loaded.rendered) === undefined) await missed(doubt ?? 'it is gone');
      return loaded;
    }
    misses = 0;
    nth += 1;
    const one = { rendered: read.rendered, seen: read.seen, document, nth };
    const isSample = proofs.isSample(lean.page, samples) || nth - provenUpTo >= MOST_UNPROVEN;
    if (!isSample) return proofs.keep(whole, deps, one);
    const loaded = await proofs.compare(whole, deps, one);
    if (loaded.ok) provenUpTo = Math.max(provenUpTo, one.nth);
    return loaded;
  }

  async function missed(why: string): Promise<void> {
    misses += 1;
    if (misses < MOST_MISSES) return;
    await forgetOnce();
    await book.turnOff(`${misses} pages in a row had to be loaded whole all the same (${why})`, false);
  }

  /** The page is loaded whole, and that holds; then perhaps without some hosts, and compared. */
  async function learn(task: PageTask, deps: RenderDeps, kind: Kind): Promise<LaneOutcome> {
    kind.isBusy = true;
    try {
      const { loaded, hosts } = await renderWatched(task, deps);
      if (!loaded.ok) return loaded;
      kind.leads ||= leadsOn(loaded.rendered);
      if (doubtOf(loaded.rendered) !== undefined) kind.learner.passed();
      else {
        const tried = kind.learner.watched(hosts);
        if (tried !== undefined) return await compare(task, deps, { kind, loaded, tried });
      }
      await endOf(task, kind);
      return loaded;
    } finally {
      kind.isBusy = false;
    }
  }

  async function compare(
    task: PageTask,
    deps: RenderDeps,
    { kind, loaded, tried }: { kind: Kind; loaded: Loaded; tried: readonly string[] },
  ): Promise<LaneOutcome> {
    const { url } = task.request;
    const lean: PageTask = { ...task, block: without(tried, deps), limitMs: LEAN_LIMIT_MS };
    const read = await renderNext({ ...lean, keepFailure: () => undefined }, deps);
    if (!read.ok && isOfTheFarm(read)) return loaded;
    if (!read.ok && read.error.code === 'PAGE_BLOCKED') {
      kind.learner.giveUp();
      await book.turnOff(`${url} was refused when ${tried.join(', ')} was not asked`, false);
      return loaded;
    }
    const difference = read.ok ? differenceOf(loaded.rendered, read.rendered) : read.error.message;
    if (difference !== undefined) {
      const again = await renderNext(task, deps);
      if (!again.ok) return loaded;
      const change = differenceOf(loaded.rendered, again.rendered);
      if (change !== undefined) {
        kind.learner.giveUp();
        await book.turnOff(changing(url, change), false);
        return again;
      }
    }
    kind.learner.compared(difference === undefined);
    await endOf(task, kind);
    return loaded;
  }

  async function endOf({ request }: PageTask, { learner, leads }: Kind): Promise<void> {
    if (learner.isLearning() || leads) return;
    const known: KnownHosts = { left: learner.left(), needed: learner.needed() };
    await memory.keep(request.label ?? '', known);
    if (known.left.length + known.needed.length === 0) return;
    const label = request.label === undefined ? {} : { label: request.label };
    onEvent({ kind: 'batch.block-learned', batch, ...label, hosts: known.left, needed: known.needed });
  }

  let forgotten: Promise<void> | undefined;
  function forgetOnce(): Promise<void> {
    forgotten ??= memory.forget();
    return forgotten;
  }

  return { render };
}

type Loaded = Extract<RenderOutcome, { ok: true }>;

/** Loaded whole, with the other hosts that it asked and was not kept from. */
async function renderWatched(
  task: PageTask,
  deps: RenderDeps,
): Promise<{ loaded: RenderOutcome; hosts: Set<string> }> {
  const hosts = new Set<string>();
  const { allowHosts } = deps.target.definition;
  const loaded = await renderPage(
    {
      ...task,
      onlooker: {
        began: async () => undefined,
        async ended({ network, page }) {
          for (const { url, status } of network.lines) {
            const isOther = /^https?:/i.test(url) && !isOwnSite(url, page.url(), allowHosts);
            if (isOther && status !== 'blocked' && URL.canParse(url)) hosts.add(new URL(url).host);
          }
        },
      },
    },
    deps,
  );
  if (loaded.ok && isCompleted(loaded.rendered)) {
    // Whoever answers the page's data is needed: nothing has to be tried to know it.
    for (const { request } of loaded.rendered.captured?.answers ?? [])
      if (URL.canParse(request.url)) hosts.delete(new URL(request.url).host);
  }
  return { loaded, hosts };
}

function without(hosts: readonly string[], { target }: RenderDeps): BlockSpec | undefined {
  const { block } = target.definition;
  if (block === false) return undefined;
  return {
    ...block,
    urls: [...block.urls, ...hosts.flatMap((host) => [`http://${host}/*`, `https://${host}/*`])],
  };
}

/** What has nothing to do with what was left out: this process stops, a browser went away, the target is asked too much. */
function isOfTheFarm({ error }: Extract<RenderOutcome, { ok: false }>): boolean {
  return error.code === 'INTERRUPTED' || error.scope !== 'page' || typeof error.retry === 'object';
}

function isCompleted(rendered: RenderedPage): rendered is CompletedPage {
  return rendered.outcome === 'completed';
}

function leadsOn(rendered: RenderedPage): boolean {
  return isCompleted(rendered) && rendered.followed.length > 0;
}

/** Why its rows alone do not tell whether it was loaded as it should; undefined: they do. */
function doubtOf(rendered: RenderedPage): string | undefined {
  if (!isCompleted(rendered)) return 'it is gone';
  if (leadsOn(rendered)) return 'it follows links';
  if (rendered.quarantined.length > 0) return 'it gives a row that the schema refuses';
  return rendered.rows.length === 0 ? 'it gives no row' : undefined;
}
