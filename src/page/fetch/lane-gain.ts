/** What `lane: 'auto'` would make of pages that were rendered: learned from, then each fetched once and compared. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CompletedPage, PageTask, RenderDeps } from '../render.js';
import { differenceOf } from '../same-rows.js';
import type { Session } from '../sessions.js';
import { createFetchKind, type FetchKind, kindNameOf } from './fetch-kind.js';
import { fetchPage } from './fetch-page.js';
import { createIdentities } from './identity.js';
import { lookAtPage, type Rendering } from './seen-page.js';
import type { Wire } from './wire.js';

/** Of the pages of one kind (fetch-kind.ts). */
export interface LaneGain {
  /** Its name. */
  of: string;
  /** Pages that were fetched and gave the same. */
  same: number;
  pages: number;
  /** Why they would not be fetched; undefined: they would. */
  why?: string;
  /** Of a page, on average. */
  renderMs: number;
  fetchMs?: number;
}

export interface GainWatch {
  /** The task, looked at as it is rendered. */
  watched(task: PageTask, deps: RenderDeps): PageTask;
  /** To be called when all are rendered. Aborted with the tasks' own signals. */
  gains(deps: RenderDeps): Promise<LaneGain[]>;
}

export interface GainOptions {
  wire: Wire;
  mayAsk: Rendering['mayAsk'];
  /** Between two pages. */
  gapMs: number;
}

interface Rendered {
  task: PageTask;
  session: Session;
  page: CompletedPage;
}

export function watchGain({ wire, mayAsk, gapMs }: GainOptions): GainWatch {
  const identities = createIdentities();
  const kinds = new Map<string, { kind: FetchKind; rendered: Rendered[] }>();

  return {
    watched: (task, deps) => ({
      ...task,
      async rendered(taken, page) {
        const looked = await lookAtPage(task, deps, { taken, page, mayAsk });
        if (looked === undefined || page.outcome !== 'completed') return;
        const name = kindNameOf(task.request);
        const known = kinds.get(name) ?? { kind: createFetchKind(undefined), rendered: [] };
        kinds.set(name, known);
        identities.learn(taken.session, looked.as);
        if (looked.never !== undefined) known.kind.giveUp(looked.never);
        known.kind.saw(looked.seen);
        known.rendered.push({ task, session: taken.session, page });
      },
    }),
    async gains(deps) {
      const gains: LaneGain[] = [];
      for (const [of, { kind, rendered }] of kinds) {
        const renderMs = mean(rendered.map(({ page }) => page.timings.total));
        const plain = { of, same: 0, pages: rendered.length, renderMs };
        if (kind.stage() !== 'trying') gains.push({ ...plain, why: kind.why() });
        else gains.push({ ...plain, ...(await fetchAll(rendered, kind, deps)) });
      }
      return gains;
    },
  };

  async function fetchAll(
    rendered: readonly Rendered[],
    kind: FetchKind,
    deps: RenderDeps,
  ): Promise<Pick<LaneGain, 'same' | 'why' | 'fetchMs'>> {
    const tookMs: number[] = [];
    for (const { task, session, page } of rendered) {
      const identity = identities.of(session);
      if (identity === undefined) continue;
      await delay(gapMs, undefined, { signal: task.signal });
      const way = { template: kind.template(), shapes: kind.shapes(), session, identity, wire, mayAsk };
      const fetched = await fetchPage(task, deps, way);
      if (fetched.kind === 'failed') return { same: tookMs.length, why: fetched.outcome.error.message };
      const why = fetched.kind === 'read' ? differenceOf(fetched.rendered, page) : fetched.why;
      if (why !== undefined) return { same: tookMs.length, why };
      if (fetched.kind === 'read') tookMs.push(fetched.rendered.timings.total);
    }
    return { same: tookMs.length, fetchMs: mean(tookMs) };
  }
}

function mean(numbers: readonly number[]): number {
  return Math.round(numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length));
}
