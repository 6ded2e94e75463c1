/**
 * One try at a page within the application that its lease came with. Only a page that is beyond doubt comes of it:
 * completed, with rows and none that the schema refuses, no link followed, every data request answered well, other rows
 * than the last page's. Of everything else the page is loaded, and what it is then holds.
 */
import type { Lease } from '../../browser-pool/index.js';
import { isThreshError, reasonOf, type ThreshError } from '../errors.js';
import type { PageSample } from '../throttle/page-sample.js';
import { type PageTests, selectorsOf } from './await-shown.js';
import { queryOf } from './extract.js';
import { firstOf } from './first-of.js';
import { pageError, stopped } from './page-error.js';
import { readPage } from './read-page.js';
import { refusedData, untilDataRefused } from './refused-data.js';
import {
  type CompletedPage,
  type FailedPage,
  giveBack,
  type PageTask,
  type RenderDeps,
  seenOf,
  type TakenPage,
} from './render.js';
import { navigateSoftly, SoftMiss } from './soft-navigate.js';
import { createStop } from './stop.js';
import { unlessAborted } from './unless-aborted.js';

export type SoftTry =
  | { kind: 'done'; rendered: CompletedPage; seen: PageSample; by: 'history' | 'link' }
  /** To be loaded; `leads`: since it follows links. */
  | { kind: 'missed'; why: string; leads: boolean }
  | { kind: 'failed'; outcome: FailedPage };

export interface SoftTask extends PageTask {
  /** `ready` is a selector. */
  tests: PageTests & { ready: string };
  first: 'history' | 'link';
  /** Told what it shows; throws SoftMiss when that cannot be. */
  judge(rendered: CompletedPage): void;
}

/** Longer is worse than to load it. */
const SOFT_LIMIT_MS = 10_000;

/** Gives the page back. Never throws but for bugs of ours. */
export async function trySoftly(
  task: SoftTask,
  deps: RenderDeps,
  { lease, session }: TakenPage,
): Promise<SoftTry> {
  const { answers } = lease;
  const withinMs = Math.min(SOFT_LIMIT_MS, deps.target.definition.timeoutMs);
  const { signal, isLate, letGo } = firstOf([task.signal, lease.lost], withinMs);
  const startedAtMs = Date.now();
  try {
    const { by, rendered } = await unlessAborted(work(task, deps, { lease, signal }), signal);
    const seen = seenOf(task, startedAtMs, { answers });
    deps.sessions.served(session);
    await giveBack(task, lease, rendered);
    return { kind: 'done', rendered, seen, by };
  } catch (caught) {
    const error = failureOf(caught, task, deps, lease);
    if (error === undefined) {
      const isClean = caught instanceof SoftMiss;
      await lease.release(isClean ? 'good' : lease.lost.aborted ? 'broken' : 'doubtful');
      const why = isLate() ? 'it is not done in time' : reasonOf(caught);
      return { kind: 'missed', why, leads: caught instanceof LeadsOn };
    }
    const failure = await deps.sessions.failed(session, { error, url: task.request.url });
    const seen = seenOf(task, startedAtMs, { answers, error: failure });
    await lease.release(lease.lost.aborted ? 'broken' : 'doubtful');
    return { kind: 'failed', outcome: { ok: false, error: failure, artifacts: {}, seen } };
  } finally {
    letGo();
  }
}

/** What loading the page would not mend; undefined for all else. */
function failureOf(
  caught: unknown,
  task: PageTask,
  { target }: RenderDeps,
  lease: Lease,
): ThreshError | undefined {
  if (task.signal.aborted) return stopped(caught);
  if (lease.lost.aborted) {
    const error = pageError(lease.lost.reason, target);
    return error.scope === 'page' ? undefined : error;
  }
  if (isThreshError(caught) && caught.code === 'PAGE_BLOCKED' && typeof caught.retry === 'object')
    return caught;
  return refusedData(lease.answers);
}

/** A link cannot be taken back once it stands in the frontier: it is believed only of a page that was loaded. */
class LeadsOn extends SoftMiss {}

async function work(
  task: SoftTask,
  deps: RenderDeps,
  { lease, signal }: { lease: Lease; signal: AbortSignal },
): Promise<{ by: 'history' | 'link'; rendered: CompletedPage }> {
  const { page, answers } = lease;
  const { tests, first } = task;
  const started = performance.now();
  const passed = (): number => Math.round(performance.now() - started);
  const others = selectorsOf(tests).flatMap(([name, selector]): [string, string][] =>
    name === 'ready' ? [] : [[name, selector]],
  );
  const stop = createStop();
  const query = queryOf(deps.target.definition, task.request.label);
  let went: Awaited<ReturnType<typeof navigateSoftly>>;
  try {
    const refused = untilDataRefused(answers, stop);
    refused.catch(() => undefined);
    const { url, label } = task.request;
    const route = { url, label, ready: tests.ready, others, first, expression: query?.expression };
    went = await Promise.race([navigateSoftly(page, answers, route), refused]);
  } finally {
    stop.stop();
  }
  for (const name of ['expired', 'blocked', 'gone'] as const) {
    const test = tests[name];
    if (typeof test === 'function' && (await test(page)) === true)
      throw new SoftMiss(`it shows that it is ${name}`);
  }
  const ready = passed();
  const fetchedAt = new Date().toISOString();
  const { isWhole, extractedAt, ...read } = await readPage(task, deps, {
    lease,
    signal,
    fetchedAt,
    alreadyRead: went.answer === undefined ? undefined : query?.parse(went.answer),
    data: {},
  });
  const extract = Math.round(extractedAt - started);
  const badly = answers.data.find(({ status = 0 }) => status >= 400) ?? answers.troubles[0];
  if (badly !== undefined)
    throw new SoftMiss(`${badly.url.slice(0, 200)} answered ${badly.status ?? 'nothing'}`);
  if (read.followed.length > 0) throw new LeadsOn('it follows links');
  if (!isWhole) throw new SoftMiss('it gives no row, or one that the schema refuses');
  const timings = { navigation: 0, ready, extract, total: passed() };
  const rendered: CompletedPage = { outcome: 'completed', fetchedAt, ...read, timings };
  task.judge(rendered);
  return { by: went.by, rendered };
}
