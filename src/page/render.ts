/**
 * One attempt at one page: lease -> navigate -> wait -> extract -> validate. The lease is given back before this
 * returns, so that no browser waits for a disk. Everything that can go wrong with a page comes out as a ThreshError
 * that says whether to try again.
 */
import type { Page } from 'playwright';
import type { BlockSpec, BrowserPool, Lease, LeaseSpec, PageAnswers } from '../../browser-pool/index.js';
import type { CapturedPage } from '../data-lane/captured.js';
import { embeddedOf } from '../data-lane/embedded.js';
import { isThreshError, type ThreshError } from '../errors.js';
import type { FollowedLink, KeptPage } from '../spool/record.js';
import { dataSourcesOf } from '../target/data-source.js';
import type { ExtractRequest, PageTest, TargetLog } from '../target/definition.js';
import type { LoadedTarget } from '../target/load.js';
import type { PageSample } from '../throttle/page-sample.js';
import { beginTrace } from './artifacts.js';
import { awaitShown } from './await-shown.js';
import { byLabel } from './by-label.js';
import type { BeforeOfPage } from './carried.js';
import { isEmptyShell } from './empty-shell.js';
import { queryOf } from './extract.js';
import { firstOf } from './first-of.js';
import { type KeptFailure, keepFailure } from './keep-failure.js';
import { type DocumentAnswer, navigate } from './navigate.js';
import { captureFilter, lacking, watchPageData } from './page-data.js';
import { blocked, outOfTime, pageError, sessionExpired, stopped } from './page-error.js';
import { readPage } from './read-page.js';
import { refusedData, untilDataRefused } from './refused-data.js';
import { sampleOf } from './seen.js';
import type { Session, Sessions } from './sessions.js';
import type { Place } from './start-gate.js';
import { unlessAborted } from './unless-aborted.js';
import type { EncodeRow, ValidatedRows } from './validate.js';
import { isWeighed, weigh } from './weigh.js';

export interface PageTask {
  /** The page's number in the frontier. */
  page: number;
  request: ExtractRequest;
  log: TargetLog;
  /** Aborts when the batch is stopped. */
  signal: AbortSignal;
  /** The folder for a failure's screenshot and HTML; undefined when they are not wanted. */
  keepFailure: (error: ThreshError) => string | undefined;
  /** Undefined: nobody counts who is at the target. */
  place?: Place;
  /** In a context of its own, with a trace that is kept should it fail: the last of several attempts. */
  traced?: boolean;
  /** In a context of its own. */
  fresh?: boolean;
  /** In a browser with no other page. */
  alone?: boolean;
  /** What an earlier batch kept of it, of a batch that reads that instead of the page. */
  kept?: KeptPage | undefined;
  /** What an earlier batch got of it, where its document is to be asked whether it has changed. */
  before?: BeforeOfPage | undefined;
  onlooker?: Onlooker;
  /** Instead of the target's. */
  block?: BlockSpec | undefined;
  /** Less time than the target's. */
  limitMs?: number;
  /** The page was rendered, and still stands. What is thrown fails the page. */
  rendered?: (taken: TakenPage, page: RenderedPage) => Promise<void>;
  /** Its document may stay, for the next page of the same application to be reached from it. */
  application?: Application;
}

export interface Application {
  name: string;
  /** The page is about to be given back with the document that showed this. */
  leave(page: Page, shown: CompletedPage): void;
}

/** Looks on at one page's work: `thresh debug`. Its own time is not the page's. */
export interface Onlooker {
  /** The page is in hand and nothing is loaded yet. */
  began(lease: Lease): Promise<void>;
  /** The work ended, well or not, and the page still stands. */
  ended(lease: Lease): Promise<void>;
}

export interface RenderDeps {
  target: LoadedTarget;
  encode: EncodeRow;
  pool: BrowserPool;
  sessions: Sessions;
  /** What its browsers call themselves, to be kept with a failure. */
  userAgent?: string;
}

export interface PageTimings {
  /** All in ms from the attempt's start with a page in hand. */
  navigation: number;
  ready: number;
  extract: number;
  total: number;
}

export interface CompletedPage extends ValidatedRows {
  outcome: 'completed';
  fetchedAt: string;
  followed: FollowedLink[];
  timings: PageTimings;
  /** Bytes that it took over the network; of a few pages only. */
  weight?: number;
  /** Of a target that names `data`. */
  captured?: CapturedPage;
  /** As it was when it was ready, of a target that keeps it. */
  html?: string;
  /** Of a target whose nights ask documents whether they have changed; without `validator` where one looks into them. */
  document?: DocumentAnswer;
}

export type RenderedPage = CompletedPage | { outcome: 'gone'; fetchedAt: string; status: number | undefined };

/** The failure, with what was kept of the page. */
export interface RenderFailure {
  error: ThreshError;
  artifacts: KeptFailure;
}

export type RenderOutcome = ({ ok: true; rendered: RenderedPage } | ({ ok: false } & RenderFailure)) & {
  /** What it showed of the target. */
  seen: PageSample;
};

export type FailedPage = Extract<RenderOutcome, { ok: false }>;

/** A page to work with, and whose. */
export interface TakenPage {
  lease: Lease;
  session: Session;
}

/** Failures that the lack of the page's data may be behind. */
const INCOMPLETE = new Set(['NOT_READY', 'PAGE_TIMEOUT', 'EXTRACT_FAILED']);

/** A step that runs out of time knows what it waited for: it gets this long, ms, to say so before all is cut off. */
const WORDS_MS = 300;

/** The lease's spec of a page of this target in a session. */
export function leaseSpecOf(target: LoadedTarget, session: Session): LeaseSpec {
  const { name, browser, block, allowHosts } = target.definition;
  const { viewport, locale, timezone, userAgent, headers, storageState } = browser;
  const state = session.storageState ?? storageState;
  return {
    identity: [name, target.hash.slice(0, 8), `session-${session.generation}`, session.proxy?.server].join(
      '/',
    ),
    context: {
      ...(viewport === undefined ? {} : { viewport }),
      ...(locale === undefined ? {} : { locale }),
      ...(timezone === undefined ? {} : { timezoneId: timezone }),
      ...(userAgent === undefined ? {} : { userAgent }),
      ...(headers === undefined ? {} : { extraHTTPHeaders: headers }),
      ...(state === undefined
        ? {}
        : { storageState: state as NonNullable<LeaseSpec['context']['storageState']> }),
      // Chromium goes past a proxy to loopback unless it is told not to.
      ...(session.proxy === undefined
        ? {}
        : { proxy: { server: session.proxy.server, bypass: '<-loopback>' } }),
    },
    block,
    ownHosts: allowHosts,
  };
}

/** Never throws but for bugs of ours. */
export async function renderPage(task: PageTask, deps: RenderDeps): Promise<RenderOutcome> {
  const taken = await takePage(task, deps);
  return 'lease' in taken ? loadPage(task, deps, taken) : taken;
}

/** What the attempt at a task showed of the target so far. */
export function seenOf(
  { page, request }: PageTask,
  startedAtMs: number,
  { answers, error }: { answers: PageAnswers | undefined; error?: ThreshError },
): PageSample {
  return sampleOf({ page, label: request.label, startedAtMs, answers, error });
}

/** Never throws but for bugs of ours. */
export async function takePage(task: PageTask, deps: RenderDeps): Promise<TakenPage | FailedPage> {
  const { url } = task.request;
  let session: Session | undefined;
  await task.place?.enter();
  try {
    session = await deps.sessions.current(task.log, url);
    const { data } = deps.target.definition;
    const spec = {
      ...leaseSpecOf(deps.target, session),
      ...(data === undefined ? {} : { capture: captureFilter(dataSourcesOf(data, task.request.label)) }),
      ...(task.block === undefined ? {} : { block: task.block }),
      goesTo: url,
      fresh: task.traced === true || task.fresh === true,
      alone: task.alone === true,
      observe: task.onlooker !== undefined,
      ...(task.application === undefined ? {} : { application: task.application.name }),
    };
    return { lease: await deps.pool.lease(spec, task.signal), session };
  } catch (caught) {
    const failure = task.signal.aborted ? stopped(caught) : pageError(caught, deps.target);
    const error =
      session === undefined ? failure : await deps.sessions.failed(session, { error: failure, url });
    return { ok: false, error, artifacts: {}, seen: seenOf(task, Date.now(), { answers: undefined, error }) };
  }
}

/** With a page that was taken for it, which is given back. Never throws but for bugs of ours. */
export async function loadPage(
  task: PageTask,
  deps: RenderDeps,
  { lease, session }: TakenPage,
): Promise<RenderOutcome> {
  const { page, request } = task;
  const { url } = request;
  const { answers } = lease;
  const timeoutMs = Math.min(deps.target.definition.timeoutMs, task.limitMs ?? Number.POSITIVE_INFINITY);
  const traced = task.traced === true && (await beginTrace(lease.page));
  await task.onlooker?.began(lease).catch(() => undefined); // a page that died says so itself, below
  const { signal, isLate, letGo } = firstOf([task.signal, lease.lost], timeoutMs + WORDS_MS);
  const startedAtMs = Date.now();
  const scale = isWeighed(page) ? weigh(lease.page) : undefined;
  try {
    const rendered = await unlessAborted(
      work(task, deps, {
        lease,
        signal,
        deadline: startedAtMs + timeoutMs,
        proxied: session.proxy !== undefined,
      }),
      signal,
    );
    const seen = seenOf(task, startedAtMs, { answers });
    deps.sessions.served(session);
    const weight = await scale?.read();
    if (weight !== undefined && rendered.outcome === 'completed') rendered.weight = weight;
    await task.onlooker?.ended(lease);
    await task.rendered?.({ lease, session }, rendered);
    await giveBack(task, lease, rendered);
    return { ok: true, rendered, seen };
  } catch (caught) {
    const failure = await failureOf(caught, task, deps, { lease, isLate });
    const error = await deps.sessions.failed(session, { error: failure, url });
    const seen = seenOf(task, startedAtMs, { answers, error });
    if (error.code === 'SESSION_EXPIRED') deps.sessions.expire(session);
    if (seen.answer === 'blocked') deps.sessions.rotate(session);
    if (!lease.lost.aborted) await task.onlooker?.ended(lease);
    const folder = task.keepFailure(error);
    const keepsCookies = deps.target.definition.keepCookies;
    const failed = { lease, session, userAgent: deps.userAgent, keepsCookies };
    const artifacts = folder === undefined ? {} : await keepFailure(failed, { folder, page, traced });
    await lease.release(lease.lost.aborted || isLate() ? 'broken' : 'doubtful');
    return { ok: false, error, artifacts, seen };
  } finally {
    scale?.putAway();
    letGo();
  }
}

/** A document that still waits for data is not left: what comes would be drawn into the next page. */
export async function giveBack(
  { application }: PageTask,
  lease: Lease,
  rendered: RenderedPage,
): Promise<void> {
  const stands = application !== undefined && rendered.outcome === 'completed' && lease.answers.pending === 0;
  if (stands) application.leave(lease.page, rendered);
  await lease.release(stands ? 'standing' : 'good');
}

/** What was thrown, in the light of what else is known: why the work was cut off, what the target answered. */
async function failureOf(
  caught: unknown,
  { signal, request }: PageTask,
  { target }: RenderDeps,
  { lease, isLate }: { lease: Lease; isLate: () => boolean },
): Promise<ThreshError> {
  const { lost, page, answers } = lease;
  if (lost.aborted) return pageError(lost.reason, target);
  if (signal.aborted) return stopped(caught);
  const error =
    isLate() && !isThreshError(caught)
      ? outOfTime(request.url, target.definition.timeoutMs, caught)
      : pageError(caught, target);
  if (error.retry !== 'later' || !INCOMPLETE.has(error.code)) return error;
  const refused = refusedData(answers, { cause: error });
  if (refused !== undefined) return refused;
  return error.code === 'NOT_READY' && (await isEmptyShell(page, answers))
    ? blocked(request.url, `answered ${answers.document?.status} with an empty page`, 'later')
    : error;
}

interface Work {
  lease: Lease;
  signal: AbortSignal;
  deadline: number;
  proxied: boolean;
}

async function work(
  task: PageTask,
  deps: RenderDeps,
  { lease, signal, deadline, proxied }: Work,
): Promise<RenderedPage> {
  const { request } = task;
  const { definition } = deps.target;
  const started = performance.now();
  const passed = (): number => Math.round(performance.now() - started);
  const sources = dataSourcesOf(definition.data, request.label);
  const asksLater = definition.incremental?.by.includes('document') === true;
  const isLookedAt = task.rendered !== undefined && embeddedOf(sources).length > 0;
  const { status, gone, loginWanted, document } = await navigate(lease.page, request.url, {
    deadline,
    proxied,
    isDocumentWanted: asksLater || isLookedAt,
  });
  const fetchedAt = new Date().toISOString();
  if (loginWanted)
    throw definition.session ? sessionExpired(request.url) : blocked(request.url, 'answered 401', 'later');
  if (gone) return { outcome: 'gone', fetchedAt, status };
  const navigation = passed();
  const query = queryOf(definition, request.label);
  const watch = sources.length === 0 ? undefined : watchPageData(lease, sources, request.url);
  const { shown, answer } = await awaitShown(
    lease.page,
    {
      ready: byLabel<PageTest>(definition.ready, request.label, isPageTest, 'ready'),
      gone: definition.gone,
      blocked: definition.blocked,
      expired: definition.session?.expired,
    },
    {
      deadline,
      until: (stop) => untilDataRefused(lease.answers, stop),
      expression: query?.expression,
      data: watch && { whole: watch.whole, lacking: () => lacking(request.url, watch.missing()) },
    },
  );
  if (shown === 'gone') return { outcome: 'gone', fetchedAt, status };
  if (shown === 'blocked') throw blocked(request.url, 'shows a block page', 'later');
  if (shown === 'expired') throw sessionExpired(request.url);
  const ready = passed();
  const alreadyRead = answer === undefined ? undefined : query?.parse(answer);
  const captured = watch?.captured();
  const {
    isWhole: _,
    extractedAt,
    ...read
  } = await readPage(task, deps, {
    lease,
    signal,
    fetchedAt,
    alreadyRead,
    data: captured?.data ?? {},
  });
  return {
    outcome: 'completed',
    fetchedAt,
    ...read,
    ...(definition.data === undefined ? {} : { captured: captured ?? { answers: [], data: {} } }),
    ...(document && { document: asksLater ? document : { ...document, validator: undefined } }),
    timings: { navigation, ready, extract: Math.round(extractedAt - started), total: passed() },
  };
}

export function isPageTest(value: unknown): value is PageTest {
  return typeof value === 'string' || typeof value === 'function';
}
