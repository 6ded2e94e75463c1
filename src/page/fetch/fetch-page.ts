/**
 * One page in the fetch lane: its requests by the template, answers, `extract` without a page, rows. What is not beyond
 * doubt comes out as a doubt: the page is to be rendered. A target that refuses, or does not answer, is a failure as it is
 * of a rendered page.
 */
import { isForwarderStatus, isRefusal } from '../../../browser-pool/index.js';
import type { CapturedAnswer, CapturedPage } from '../../data-lane/captured.js';
import { sourcePageOf } from '../../data-lane/learn.js';
import { pageDataOf } from '../../data-lane/page-data.js';
import { Doubtful, type PredictedRequest, predict } from '../../data-lane/predict.js';
import { departureOf, type Shape } from '../../data-lane/shape.js';
import type { PageTemplate, RequestTemplate } from '../../data-lane/template.js';
import { isThreshError, reasonOf, ThreshError } from '../../errors.js';
import { dataSourcesOf } from '../../target/data-source.js';
import type { PageSample, TargetAnswer } from '../../throttle/page-sample.js';
import { extractRows } from '../extract.js';
import { firstOf } from '../first-of.js';
import { blocked, outOfTime, stopped } from '../page-error.js';
import { proxyFailed } from '../proxies/failures.js';
import type { CompletedPage, FailedPage, PageTask, RenderDeps } from '../render.js';
import { overloadWaitMs, retryAfterMs } from '../retry-after.js';
import type { Session } from '../sessions.js';
import { validateRows } from '../validate.js';
import type { Identity } from './identity.js';
import { untouchablePage } from './untouchable.js';
import { AnswerTooLarge, type Wire, type WireAnswer } from './wire.js';

/** Of a page that gives less than a row: such pages are compared more often, by themselves. */
export type Oddity = 'no-rows' | 'refused-rows';

export type Fetched =
  | { kind: 'read'; rendered: CompletedPage; seen: PageSample; odd: Oddity | undefined }
  /** `lasting`: it will be so for all pages. */
  | { kind: 'doubt'; why: string; lasting: boolean }
  /** Who asks is not known any more. */
  | { kind: 'expired'; why: string }
  | { kind: 'failed'; outcome: FailedPage };

export interface FetchWay {
  template: PageTemplate;
  /** By answer. */
  shapes: ReadonlyMap<string, Shape>;
  session: Session;
  identity: Identity;
  wire: Wire;
  /** By robots.txt. */
  mayAsk(url: string): Promise<boolean>;
}

const MOST_REDIRECTS = 3;

class Doubt extends Error {
  constructor(
    why: string,
    readonly lasting = false,
  ) {
    super(why);
  }
}
class Expired extends Error {}

/** Never throws but for bugs of ours. */
export async function fetchPage(task: PageTask, deps: RenderDeps, way: FetchWay): Promise<Fetched> {
  const { definition } = deps.target;
  const time = AbortSignal.timeout(definition.timeoutMs);
  const { signal, letGo } = firstOf([task.signal, time]);
  const startedAtMs = Date.now();
  const started = performance.now();
  const passed = (): number => Math.round(performance.now() - started);
  const dataMs: number[] = [];
  const sampleOf = (answer: TargetAnswer, retryAfter?: string): PageSample => {
    const endedAtMs = Date.now();
    const askedMs = retryAfterMs(retryAfter, endedAtMs);
    return {
      page: task.page,
      label: task.request.label ?? '',
      startedAtMs,
      endedAtMs,
      dataMs,
      answer,
      ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
    };
  };
  try {
    const fetchedAt = new Date().toISOString();
    const answers = await askAll(task, way, { signal, dataMs });
    const navigation = passed();
    const read = await readRows(task, deps, {
      captured: capturedOf(task, deps, { answers, way }),
      signal,
      fetchedAt,
    });
    deps.sessions.served(way.session);
    const total = passed();
    const timings = { navigation, ready: navigation, extract: total, total };
    const odd = read.quarantined.length > 0 ? 'refused-rows' : read.rows.length === 0 ? 'no-rows' : undefined;
    return { kind: 'read', rendered: { ...read, timings }, seen: sampleOf('served'), odd };
  } catch (caught) {
    if (caught instanceof Doubt) return { kind: 'doubt', why: caught.message, lasting: caught.lasting };
    if (caught instanceof Doubtful || caught instanceof AnswerTooLarge)
      return { kind: 'doubt', why: caught.message, lasting: false };
    if (caught instanceof Expired) return { kind: 'expired', why: caught.message };
    const failure = failureOf(caught, { task, time, timeoutMs: definition.timeoutMs, way });
    const { error } = failure;
    const counted = await deps.sessions.failed(way.session, { error, url: task.request.url });
    const seen = sampleOf(counted.code === 'PROXY_FAILED' ? 'unknown' : failure.answer, failure.retryAfter);
    return { kind: 'failed', outcome: { ok: false, error: counted, artifacts: {}, seen } };
  } finally {
    letGo();
  }
}

interface Asking {
  signal: AbortSignal;
  dataMs: number[];
}

/** What can be asked at once is. */
async function askAll(task: PageTask, way: FetchWay, asking: Asking): Promise<CapturedAnswer[]> {
  const { url, label, data } = task.request;
  const answers: CapturedAnswer[] = [];
  let left = [...way.template];
  while (left.length > 0) {
    const has = (name: string): boolean => answers.some((answer) => answer.name === name);
    const now = left.filter(({ needs }) => needs.every(has));
    if (now.length === 0) throw new Doubt('its requests wait for each other');
    const page = sourcePageOf({ url, label, data, answers });
    answers.push(
      ...(await Promise.all(
        now.map((template) => ask(template, predict(template, page), { task, way, asking })),
      )),
    );
    left = left.filter((template) => !now.includes(template));
  }
  return answers;
}

async function ask(
  template: RequestTemplate,
  request: PredictedRequest,
  { task, way, asking }: { task: PageTask; way: FetchWay; asking: Asking },
): Promise<CapturedAnswer> {
  const headers = way.identity.headersOf(request, template, task.request.url);
  if (headers === undefined)
    throw new Expired(`no page of this session was seen to ask for ${template.name}`);
  const { method, body } = request;
  let { url } = request;
  for (let redirects = 0; ; redirects++) {
    if (!(await allowed(url, way))) throw new Doubt(`robots.txt disallows ${url}`, true);
    const answer = await way.wire.ask(
      { method, url, headers, body },
      { signal: asking.signal, proxy: way.session.proxy?.server },
    );
    asking.dataMs.push(answer.firstByteMs);
    way.identity.took(url, answer.setCookie);
    const next = judge(answer, url, { template, proxied: way.session.proxy !== undefined });
    if (next === undefined) {
      const { status, contentType, text } = answer;
      return {
        name: template.name,
        request: { method, url: request.url, headers, body },
        status,
        contentType,
        text,
      };
    }
    if (redirects >= MOST_REDIRECTS || method !== 'GET') throw new Doubt(`${url} redirects`);
    url = next;
  }
}

/** Rules that cannot be had allow nothing; the page itself is asked for as they were when it was admitted. */
async function allowed(url: string, way: FetchWay): Promise<boolean> {
  try {
    return await way.mayAsk(url);
  } catch (error) {
    throw new Doubt(reasonOf(error));
  }
}

class Refused extends Error {
  constructor(
    readonly error: ThreshError,
    readonly answer: TargetAnswer,
    readonly retryAfter?: string,
  ) {
    super(error.message);
  }
}

/** Where it leads on; undefined for an answer. Throws for what is none. */
function judge(
  { status, retryAfter, location }: WireAnswer,
  url: string,
  { template, proxied }: { template: RequestTemplate; proxied: boolean },
): string | undefined {
  if (status >= 200 && status <= 299) return undefined;
  if (proxied && isForwarderStatus(status))
    throw new Refused(proxyFailed(`${url}: its proxy dropped the connection`), 'unknown');
  if (isRefusal(status)) {
    const nowMs = Date.now();
    const afterMs = overloadWaitMs(retryAfter, { answeredAtMs: nowMs, nowMs });
    throw new Refused(blocked(url, `answered ${status}`, { afterMs }), 'refused', retryAfter);
  }
  if (status === 401 || status === 403 || status === 419)
    throw new Expired(`${template.name} was answered ${status}`);
  if (status >= 500) {
    const error = new ThreshError(`${url} answered ${status}`, {
      code: 'HTTP_STATUS',
      scope: 'page',
      retry: 'later',
    });
    throw new Refused(error, 'failed');
  }
  if (status >= 300 && status <= 399 && location !== undefined && URL.canParse(location, url)) {
    const next = new URL(location, url);
    if (next.origin === template.origin) return next.href;
    throw new Doubt(`${template.name} redirects to another host`);
  }
  throw new Doubt(`${template.name} was answered ${status}`);
}

function capturedOf(
  { request }: PageTask,
  { target }: RenderDeps,
  { answers, way }: { answers: CapturedAnswer[]; way: FetchWay },
): CapturedPage {
  const { data, missing } = pageDataOf(dataSourcesOf(target.definition.data, request.label), answers);
  const [first] = missing;
  if (first !== undefined) throw new Doubt(`${first.name} ${first.why}`);
  for (const { name } of answers) {
    const shape = way.shapes.get(name);
    const departure = shape === undefined ? undefined : departureOf(shape, data[name], name);
    if (departure !== undefined) throw new Doubt(`another shape: ${departure}`);
  }
  return { answers, data };
}

interface Reading {
  captured: CapturedPage;
  signal: AbortSignal;
  fetchedAt: string;
}

async function readRows(
  { page, request, log }: PageTask,
  { target, encode }: RenderDeps,
  { captured, signal, fetchedAt }: Reading,
): Promise<Omit<CompletedPage, 'timings'>> {
  const { definition } = target;
  const untouchable = untouchablePage();
  const input = { page: untouchable.page, request, log, signal, data: captured.data };
  const extracted = await extractRows(definition, input).catch((error: unknown) => {
    if (signal.aborted) throw error;
    if (!untouchable.wasTouched()) throw new Doubt(`extract threw: ${reasonOf(error)}`);
  });
  if (untouchable.wasTouched() || extracted === undefined)
    throw new Doubt('extract uses `page`, or follows links: its pages are rendered', true);
  const origin = { page, url: request.url, attempt: request.attempt, fetchedAt };
  const validated = await validateRows(definition.schema, extracted.rows, { origin, encode });
  return { outcome: 'completed', fetchedAt, ...validated, followed: [], captured };
}

interface Failing {
  task: PageTask;
  time: AbortSignal;
  timeoutMs: number;
  way: FetchWay;
}

function failureOf(
  caught: unknown,
  { task, time, timeoutMs, way }: Failing,
): { error: ThreshError; answer: TargetAnswer; retryAfter?: string | undefined } {
  const { url } = task.request;
  if (task.signal.aborted) return { error: stopped(caught), answer: 'unknown' };
  if (time.aborted) return { error: outOfTime(url, timeoutMs, caught), answer: 'failed' };
  if (caught instanceof Refused) return caught;
  if (isThreshError(caught)) return { error: caught, answer: 'unknown' };
  const reason = reasonOf(caught);
  if (way.session.proxy !== undefined && /^Proxy response/.test(reason))
    return { error: proxyFailed(`${url}: its proxy dropped the connection`, caught), answer: 'unknown' };
  const error = new ThreshError(`${url}: ${reason}`, {
    code: 'NAVIGATION_FAILED',
    scope: 'page',
    retry: 'later',
    cause: caught,
  });
  return { error, answer: 'failed' };
}
