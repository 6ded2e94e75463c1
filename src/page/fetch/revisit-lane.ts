/**
 * `incremental` by documents: a page that an earlier batch got rows of is asked whether its document has changed, as
 * the latest rendered page of the session came. 304, and what was got then is carried over; anything else, and the page
 * is rendered as ever. A share of the unchanged ones is rendered all the same and compared; one that gives something else
 * ends carrying for the night, by the book that all processes read.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { readGroup } from '../../spool/read-group.js';
import { carriedGroup, digestOfGroup } from '../carried.js';
import { drawOf, isLoadedAnyway, type LaneOutcome, type PageLane, type SoftBook } from '../proofs.js';
import { type PageTask, type RenderDeps, renderPage } from '../render.js';
import { digestOf } from '../same-rows.js';
import type { Session } from '../sessions.js';
import { askUnchanged } from './ask-unchanged.js';
import { createIdentities, DOCUMENT } from './identity.js';
import type { Wire } from './wire.js';

export interface RevisitLaneOptions {
  batch: string;
  /** Of pages that are carried over. */
  book: SoftBook;
  wire: Wire;
  /** Share of the unchanged pages that is rendered and compared. */
  sample: number;
  /** How all others are rendered; undefined: each is loaded. */
  others: PageLane | undefined;
}

export function createRevisitLane({ batch, book, wire, sample, others }: RevisitLaneOptions): PageLane {
  const identities = createIdentities();

  async function render(task: PageTask, deps: RenderDeps): Promise<LaneOutcome> {
    const group = await unchangedGroup(task, deps);
    if (group === undefined) return load(task, deps);
    if ('ok' in group) return group;
    if (drawOf(`${batch} unchanged`, task.page) < sample) return compare(task, deps, digestOfGroup(group));
    const { rows, quarantined, page, seen } = group;
    const total = seen.endedAtMs - seen.startedAtMs;
    const rendered = {
      outcome: 'completed' as const,
      fetchedAt: page.carried.fetchedAt,
      rows: [...rows],
      quarantined: [...quarantined],
      followed: [],
      timings: { navigation: total, ready: total, extract: total, total },
    };
    return { ok: true, rendered, seen, carried: page };
  }

  /** What is to be carried over; undefined: the page is to be rendered. */
  async function unchangedGroup(task: PageTask, deps: RenderDeps) {
    const { before, request } = task;
    if (before === undefined || isLoadedAnyway(task) || (await book.look()).off !== undefined)
      return undefined;
    const records = await readGroup(before);
    const session = await deps.sessions.current(task.log, request.url).catch(() => undefined);
    const identity = session && identities.of(session);
    if (records?.validator === undefined || session === undefined || identity === undefined) return undefined;
    const asked = await askUnchanged(task, { validator: records.validator, session, identity, wire });
    if (asked.kind === 'failed') return asked.outcome;
    if (asked.kind === 'changed') {
      await pause(task, deps);
      return undefined;
    }
    const { origin: from, fetchedAt } = before;
    const mark = { from, fetchedAt, asked: true as const };
    const { page, attempt } = { page: task.page, ...request };
    const { url, label } = request;
    const group = carriedGroup({ page, url, label, attempt, mark }, records);
    return { ...group, page: { ...group.page, carried: mark }, seen: asked.seen };
  }

  async function compare(task: PageTask, deps: RenderDeps, digest: string): Promise<LaneOutcome> {
    await pause(task, deps);
    const loaded = await load(task, deps);
    if (!loaded.ok) return loaded;
    if (digestOf(loaded.rendered) === digest) await book.proven(`page ${task.page}`, 1);
    else
      await book.turnOff(
        `${task.request.url} gives other rows, and its document says that it has not changed`,
        true,
      );
    return loaded;
  }

  function load(task: PageTask, deps: RenderDeps): Promise<LaneOutcome> {
    const watched: PageTask = {
      ...task,
      async rendered({ lease, session }, page) {
        if (page.outcome !== 'completed' || page.document === undefined) return;
        learn(session, {
          url: task.request.url,
          cookies: await lease.page.context().cookies(),
          headers: page.document.sent,
        });
      },
    };
    return others === undefined ? renderPage(watched, deps) : others.render(watched, deps);
  }

  function learn(
    session: Session,
    {
      url,
      cookies,
      headers,
    }: {
      url: string;
      cookies: Parameters<typeof identities.learn>[1]['cookies'];
      headers: Record<string, string>;
    },
  ): void {
    identities.learn(session, { url, cookies, answers: [{ name: DOCUMENT, request: { headers } }] });
  }

  return { render };
}

/** As far behind the request as two pages have to be. */
async function pause(task: PageTask, deps: RenderDeps): Promise<void> {
  const { minDelayMs } = deps.target.definition.throttle;
  if (minDelayMs > 0) await delay(minDelayMs, undefined, { signal: task.signal }).catch(() => undefined);
}
