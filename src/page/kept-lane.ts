/**
 * Pages read from what an earlier batch kept of them, without one request to the target: data answers go to `extract` as
 * they came, kept HTML is put into a page whose network leads nowhere. Validation, followed links and outcomes are those
 * of a rendered page.
 */
import type { Page } from 'playwright';
import type { Lease } from '../../browser-pool/index.js';
import type { CapturedAnswer } from '../data-lane/captured.js';
import { answersFrom } from '../data-lane/kept.js';
import { pageDataOf } from '../data-lane/page-data.js';
import { isThreshError, ThreshError } from '../errors.js';
import type { KeptAnswer, KeptPage } from '../spool/record.js';
import { dataSourcesOf } from '../target/data-source.js';
import { extractRows } from './extract.js';
import { firstOf } from './first-of.js';
import { type DeadEnd, openDeadEnd, standIn } from './offline.js';
import { lacking } from './page-data.js';
import { outOfTime, pageError, stopped } from './page-error.js';
import type { LaneOutcome, PageLane } from './proofs.js';
import {
  type CompletedPage,
  loadPage,
  type PageTask,
  type RenderDeps,
  type RenderOutcome,
  seenOf,
  takePage,
} from './render.js';
import { unlessAborted } from './unless-aborted.js';
import { validateRows } from './validate.js';

export interface KeptReading {
  /** The batch that kept them, for people. */
  batch: string;
  /** A content by its name; undefined when it is gone. */
  get(from: string, name: string): Promise<string | undefined>;
}

export interface KeptLane extends PageLane {
  close(): Promise<void>;
}

export function createKeptLane(reading: KeptReading): KeptLane {
  let deadEnd: Promise<DeadEnd> | undefined;

  async function render(task: PageTask, deps: RenderDeps): Promise<LaneOutcome> {
    const seen = seenOf(task, Date.now(), { answers: undefined });
    try {
      const { kept } = task;
      if (kept === undefined) throw absent(`nothing was kept of it by ${reading.batch}`);
      if ('html' in kept) return await fromHtml(task, deps, kept);
      return { ok: true, rendered: await readKeptData(task, deps, { ...reading, kept }), seen };
    } catch (caught) {
      const error = task.signal.aborted ? stopped(caught) : pageError(caught, deps.target);
      return { ok: false, error, artifacts: {}, seen };
    }
  }

  /** What it shows was judged when it was kept: it is ready, and neither gone nor blocked. */
  async function fromHtml(
    task: PageTask,
    deps: RenderDeps,
    { from, fetchedAt, html: name }: Extract<KeptPage, { html: string }>,
  ): Promise<RenderOutcome> {
    const html = await contentOf(reading, from, name);
    const { definition } = deps.target;
    const { session: _, gone: __, blocked: ___, ready: ____, ...plain } = definition;
    const target = { ...deps.target, definition: { ...plain, keep: 'none' as const } };
    deadEnd ??= openDeadEnd();
    const { sessions } = await deadEnd;
    const offline = { ...deps, target, sessions };
    const taken = await takePage({ ...task, block: undefined }, offline);
    if (!('lease' in taken)) return taken;
    const { url } = task.request;
    const onlooker = {
      began: ({ page }: Lease) => standIn(page, { url, html, scripts: false }),
      ended: async () => undefined,
    };
    const outcome = await loadPage({ ...task, onlooker, keepFailure: () => undefined }, offline, taken);
    if (!outcome.ok || outcome.rendered.outcome === 'gone') return outcome;
    const { weight: _____, ...rendered } = outcome.rendered; // nothing came over the network
    const asFetched = <T extends { fetchedAt: string }>(one: T): T => ({ ...one, fetchedAt });
    const [rows, quarantined] = [rendered.rows.map(asFetched), rendered.quarantined.map(asFetched)];
    return { ...outcome, rendered: { ...rendered, fetchedAt, rows, quarantined, html } };
  }

  return {
    render,
    async close() {
      await (await deadEnd)?.close();
    },
  };
}

/** The page of which data answers were kept, read by the target as it is now. Throws what its functions throw, and NOT_KEPT. */
export async function readKeptData(
  { page, request, log, signal }: Pick<PageTask, 'page' | 'request' | 'log' | 'signal'>,
  { target: { definition }, encode }: Pick<RenderDeps, 'target' | 'encode'>,
  { kept, ...reading }: KeptReading & { kept: Extract<KeptPage, { answers: KeptAnswer[] }> },
): Promise<CompletedPage> {
  const started = performance.now();
  const passed = (): number => Math.round(performance.now() - started);
  const sources = dataSourcesOf(definition.data, request.label);
  const answers: CapturedAnswer[] = [];
  for (const answer of kept.answers)
    answers.push(...answersFrom(answer, await contentOf(reading, kept.from, answer.content), sources));
  const { data, missing } = pageDataOf(sources, answers);
  const lacks = lacking(request.url, missing);
  if (lacks !== undefined) throw absent(`${lacks.message}, by what ${reading.batch} kept`, lacks);
  const ready = passed();
  const { signal: either, isLate, letGo } = firstOf([signal], definition.timeoutMs);
  try {
    const input = { page: untouchable(request.url), request, log, signal: either, data };
    const { rows, followed } = await unlessAborted(extractRows(definition, input), either);
    const extract = passed();
    const { fetchedAt } = kept; // the rows are as old as what they are read from
    const origin = { page, url: request.url, attempt: request.attempt, fetchedAt };
    const validated = await validateRows(definition.schema, rows, { origin, encode });
    const timings = { navigation: 0, ready, extract, total: passed() };
    return {
      outcome: 'completed',
      fetchedAt,
      ...validated,
      followed,
      captured: { answers, data },
      timings,
    };
  } catch (error) {
    throw isLate() ? outOfTime(request.url, definition.timeoutMs, error) : error;
  } finally {
    letGo();
  }
}

async function contentOf({ batch, get }: KeptReading, from: string, name: string): Promise<string> {
  const text = await get(from, name);
  if (text === undefined) throw absent(`what ${batch} kept of it is gone`);
  return text;
}

/** Thrown at whatever is asked of a page that is not there. */
export function isPageTouched(error: unknown): boolean {
  return isThreshError(error) && error.code === 'NOT_KEPT' && error.message.startsWith(TOUCHED);
}

const TOUCHED = 'extract asks for the page itself';

/** A page with an address alone. */
function untouchable(url: string): Page {
  return new Proxy({} as Page, {
    get(_, name) {
      if (name === 'url') return () => url;
      if (typeof name === 'symbol' || name === 'then') return undefined;
      throw new ThreshError(`${TOUCHED} (page.${name}), and only its data were kept`, {
        code: 'NOT_KEPT',
        scope: 'page',
        mend: "read it from data alone, or write keep: 'html' and run the target again",
      });
    },
  });
}

function absent(message: string, cause?: unknown): ThreshError {
  return new ThreshError(message, {
    code: 'NOT_KEPT',
    scope: 'page',
    mend: 'run the target again: only the site has it',
    cause,
  });
}
