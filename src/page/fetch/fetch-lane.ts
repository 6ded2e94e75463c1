/**
 * `lane: 'auto'`, for one batch in one process: which pages are fetched without a browser, and what makes their rows
 * believed. Pages that are learned from together are a kind (fetch-kind.ts). Those that were fetched are sequences (proofs.ts), one for each
 * kind, and one more for each oddity of it: a sample says nothing of other pages. How often one is drawn: data-lane/sampling.ts.
 * Whatever is in doubt about one page is settled by rendering it, and that holds; a sample that differs ends the
 * lane for the batch, and what was fetched since the last good one is rendered again.
 *
 * A link cannot be taken back once it stands in the frontier, so pages that follow links are rendered.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { MOST_UNPROVEN, sampledEvery } from '../../data-lane/sampling.js';
import type { RenderedFor } from '../../spool/record.js';
import type { OnPageEvent } from '../events.js';
import {
  changing,
  drawOf,
  isLoadedAnyway,
  type LaneOutcome,
  type PageLane,
  type Proofs,
  renderNext,
  type SoftBook,
} from '../proofs.js';
import {
  type CompletedPage,
  type PageTask,
  type RenderDeps,
  type RenderedPage,
  type RenderOutcome,
  renderPage,
  type TakenPage,
} from '../render.js';
import { differenceOf } from '../same-rows.js';
import type { Session } from '../sessions.js';
import { createFetchKind, type FetchKind, type KnownLane, kindNameOf } from './fetch-kind.js';
import { type Fetched, type FetchWay, fetchPage, type Oddity } from './fetch-page.js';
import { createIdentities, type Identity } from './identity.js';
import { lookAtPage } from './seen-page.js';
import type { Wire } from './wire.js';

/** What batches of a target learn, for the next one; by the kind's name. */
export interface LaneMemory {
  read(kind: string): Promise<KnownLane | undefined>;
  keep(kind: string, known: KnownLane): Promise<void>;
  /** Something of it was wrong. */
  forget(): Promise<void>;
}

export interface FetchLaneOptions {
  batch: string;
  book: SoftBook;
  proofs: Proofs;
  memory: LaneMemory;
  /** Unique among all processes of the farm. */
  who: string;
  wire: Wire;
  /** By robots.txt. Throws when the rules cannot be had. */
  mayAsk(url: string): Promise<boolean>;
  onEvent: OnPageEvent;
}

interface Kind extends FetchKind {
  name: string;
  /** A page is rendered and fetched to compare both. */
  isTrying: boolean;
  sequences: Map<Oddity | 'plain', Sequence>;
  /** What was said of it last. */
  said: string;
}

/** Of pages that were fetched, since this process began. */
interface Sequence {
  document: string;
  nth: number;
  provenUpTo: number;
  good: number;
}

/** A page whose session is had anew by another one waits for that so often. */
const MOST_WAITS = 2;

export function createFetchLane(options: FetchLaneOptions): PageLane {
  const { batch, book, proofs, memory, who, wire, onEvent } = options;
  const kinds = new Map<string, Promise<Kind>>();
  const identities = createIdentities();
  /** Sessions of which a page is rendered to know them anew. */
  const renewing = new Map<number, Promise<unknown>>();
  let isFetching = false;
  let forgotten: Promise<void> | undefined;

  function kindOf(request: PageTask['request']): Promise<Kind> {
    const name = kindNameOf(request);
    let kind = kinds.get(name);
    if (kind === undefined) {
      kind = begin(name);
      kinds.set(name, kind);
    }
    return kind;
  }

  async function begin(name: string): Promise<Kind> {
    const known = await memory.read(name);
    await book.note({ of: name, learning: true });
    return { ...createFetchKind(known), name, isTrying: false, sequences: new Map(), said: '' };
  }

  function forgetOnce(): Promise<void> {
    forgotten ??= memory.forget();
    return forgotten;
  }

  async function render(task: PageTask, deps: RenderDeps): Promise<LaneOutcome> {
    const { off } = await book.look();
    if (off?.doubt === true) await forgetOnce();
    if (off !== undefined) {
      isFetching = false;
      return because('off', await renderPage(task, deps));
    }
    const kind = await kindOf(task.request);
    const stage = kind.stage();
    if (isLoadedAnyway(task)) {
      const loaded = await load(task, deps, { kind, why: 'retry' });
      if (loaded.ok && isCompleted(loaded.rendered)) kind.missed('they failed when they were fetched');
      return loaded;
    }
    isFetching = stage === 'fetching';
    switch (stage) {
      case 'never':
        return because('not-learned', await renderPage(task, deps));
      case 'learning':
        return load(task, deps, { kind, why: 'learning' });
      case 'trying':
        return kind.isTrying ? load(task, deps, { kind, why: 'learning' }) : tryOut(task, deps, kind);
      case 'fetching':
        return fetchOne(task, deps, kind);
    }
  }

  /** Rendered, and learned from: what it asked for, and who it came as. */
  function watched(task: PageTask, deps: RenderDeps, kind: Kind): PageTask {
    return {
      ...task,
      async rendered(taken, page) {
        await task.rendered?.(taken, page);
        await learnFrom(task, deps, { kind, taken, page });
      },
    };
  }

  async function learnFrom(
    task: PageTask,
    deps: RenderDeps,
    { kind, taken, page }: { kind: Kind; taken: TakenPage; page: RenderedPage },
  ): Promise<void> {
    const looked = await lookAtPage(task, deps, { taken, page, mayAsk: options.mayAsk });
    if (looked === undefined) return;
    identities.learn(taken.session, looked.as);
    if (looked.never !== undefined) kind.giveUp(looked.never);
    kind.saw(looked.seen);
    await say(kind);
  }

  /** When it has come to an end, one way or the other, or begins anew. */
  async function say(kind: Kind): Promise<void> {
    const stage = kind.stage();
    const isOver = stage === 'never' || stage === 'fetching';
    const said = isOver ? (stage === 'never' ? kind.why() : stage) : kind.said && 'learning';
    if (kind.said === said) return;
    kind.said = said;
    if (!isOver) return book.note({ of: kind.name, learning: true, why: kind.why() });
    const note = { of: kind.name, ...(stage === 'never' ? { why: said } : {}) };
    await book.note(note);
    onEvent({ kind: 'batch.lane-learned', batch, ...note });
  }

  async function load(
    task: PageTask,
    deps: RenderDeps,
    { kind, why }: { kind: Kind; why: RenderedFor },
  ): Promise<LaneOutcome> {
    return because(why, await renderPage(watched(task, deps, kind), deps));
  }

  /** Rendered, and that holds; then fetched, and compared. */
  async function tryOut(task: PageTask, deps: RenderDeps, kind: Kind): Promise<LaneOutcome> {
    kind.isTrying = true;
    try {
      const way = await wayOf(task, deps, kind);
      const loaded = await load(task, deps, { kind, why: 'learning' });
      if (!loaded.ok || !isCompleted(loaded.rendered) || kind.stage() !== 'trying') return loaded;
      // As an earlier page came: what this page alone was given would prove nothing.
      const identity = way?.identity;
      if (way === undefined || identity === undefined || way.template !== kind.template()) return loaded;
      if (Object.keys(loaded.rendered.captured?.data ?? {}).length === 0) return loaded; // nor would nothing
      await pause(task, deps);
      const fetched = await fetchPage(task, deps, { ...way, identity });
      if (fetched.kind === 'failed') return loaded; // the target is in trouble, or we stop: another page is tried
      const difference =
        fetched.kind === 'read' ? differenceOf(fetched.rendered, loaded.rendered) : fetched.why;
      if (fetched.kind === 'doubt' && fetched.of !== 'page') kind.giveUp(fetched.why);
      if (difference === undefined) {
        if (kind.tried()) await memory.keep(kind.name, kind.known());
        await say(kind);
        return loaded;
      }
      await say(kind);
      if (kind.stage() !== 'trying' || kind.triedInVain()) return loaded;
      const again = await renderNext(task, deps);
      if (!again.ok) return loaded;
      const change = differenceOf(loaded.rendered, again.rendered);
      kind.giveUp(
        change === undefined
          ? `its answers are not the same to requests without the page: ${difference}`
          : changing(task.request.url, change),
      );
      await say(kind);
      return change === undefined ? loaded : because('learning', again);
    } finally {
      kind.isTrying = false;
    }
  }

  async function fetchOne(task: PageTask, deps: RenderDeps, kind: Kind): Promise<LaneOutcome> {
    for (let waits = 0; ; waits++) {
      const way = await wayOf(task, deps, kind);
      if (way === undefined) return load(task, deps, { kind, why: 'retry' });
      const { session, identity } = way;
      const other = renewing.get(session.generation);
      if (identity === undefined && other !== undefined && waits < MOST_WAITS) {
        await other.catch(() => undefined);
        continue;
      }
      if (identity === undefined) return renew(task, deps, { kind, session });
      const fetched = await fetchPage(task, deps, { ...way, identity });
      if (fetched.kind !== 'expired') return believe(task, deps, { kind, fetched });
      if (identities.of(session) === identity) {
        identities.expire(session, identity);
        kind.renewed();
        await say(kind);
      }
      if (kind.stage() !== 'fetching') return load(task, deps, { kind, why: 'session' });
    }
  }

  /** Rendered for who it comes as. Others of the session wait for that. */
  async function renew(
    task: PageTask,
    deps: RenderDeps,
    { kind, session }: { kind: Kind; session: Session },
  ): Promise<LaneOutcome> {
    const loading = load(task, deps, { kind, why: 'session' });
    if (!renewing.has(session.generation)) {
      renewing.set(session.generation, loading);
      loading.finally(() => renewing.delete(session.generation)).catch(() => undefined);
    }
    return loading;
  }

  async function believe(
    task: PageTask,
    deps: RenderDeps,
    { kind, fetched }: { kind: Kind; fetched: Exclude<Fetched, { kind: 'expired' }> },
  ): Promise<LaneOutcome> {
    if (fetched.kind === 'failed') return fetched.outcome;
    if (fetched.kind === 'doubt') {
      if (fetched.of === 'kind') kind.giveUp(fetched.why);
      const loaded = await because('doubt', await renderNext(watched(task, deps, kind), deps));
      if (loaded.ok && isCompleted(loaded.rendered)) kind.missed(fetched.why);
      await say(kind);
      return loaded;
    }
    kind.fetched();
    const { rendered, seen, odd } = fetched;
    const sequence = sequenceOf(kind, odd ?? 'plain');
    sequence.nth += 1;
    const one = { rendered, seen, document: sequence.document, nth: sequence.nth };
    const every = sampledEvery(sequence.good, { odd: odd !== undefined });
    const isSample = drawOf(batch, task.page) < 1 / every || one.nth - sequence.provenUpTo >= MOST_UNPROVEN;
    if (!isSample) return proofs.keep(task, deps, one);
    const before = sequence.provenUpTo;
    sequence.provenUpTo = one.nth; // others that come meanwhile are no samples for that
    const loaded = await proofs.compare(watched(task, deps, kind), deps, one);
    if (!loaded.ok) sequence.provenUpTo = Math.min(sequence.provenUpTo, before);
    else sequence.good += 1;
    return because('sample', loaded);
  }

  function sequenceOf(kind: Kind, name: Oddity | 'plain'): Sequence {
    const known = kind.sequences.get(name);
    if (known !== undefined) return known;
    const document = `${who}.fetch.${kind.name}.${name}`;
    const made = { document, nth: 0, provenUpTo: 0, good: 0 };
    kind.sequences.set(name, made);
    return made;
  }

  /** Undefined: no session is to be had now. */
  async function wayOf(
    task: PageTask,
    deps: RenderDeps,
    kind: Kind,
  ): Promise<(Omit<FetchWay, 'identity'> & { identity: Identity | undefined }) | undefined> {
    const session = await deps.sessions.current(task.log, task.request.url).catch(() => undefined);
    if (session === undefined) return undefined;
    const { mayAsk } = options;
    return {
      template: kind.template(),
      shapes: kind.shapes(),
      session,
      identity: identities.of(session),
      wire,
      mayAsk,
    };
  }

  return { render, isFetching: () => isFetching };
}

function because(why: RenderedFor, outcome: RenderOutcome): LaneOutcome {
  return { ...outcome, renderedFor: why };
}

function isCompleted(rendered: RenderedPage): rendered is CompletedPage {
  return rendered.outcome === 'completed';
}

/** As far behind the page as two pages have to be. */
async function pause(task: PageTask, deps: RenderDeps): Promise<void> {
  const { minDelayMs } = deps.target.definition.throttle;
  if (minDelayMs > 0) await delay(minDelayMs, undefined, { signal: task.signal }).catch(() => undefined);
}
