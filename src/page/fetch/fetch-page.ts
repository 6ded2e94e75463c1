/**
 * One page in the fetch lane: its own document where `data` names JSON of it, its requests by the template, answers,
 * `extract` without a page, rows. What is not beyond doubt comes out as a doubt: the page is to be rendered. A target that
 * refuses, or does not answer, is a failure as it is of a rendered page.
 */
import type { CapturedAnswer, CapturedPage } from '../../data-lane/captured.js';
import { answersInHtml, type EmbeddedJson, embeddedOf } from '../../data-lane/embedded.js';
import { sourcePageOf } from '../../data-lane/learn.js';
import { pageDataOf } from '../../data-lane/page-data.js';
import { Doubtful, type PredictedRequest, predict } from '../../data-lane/predict.js';
import { departureOf, type Shape } from '../../data-lane/shape.js';
import type { PageTemplate, RequestTemplate } from '../../data-lane/template.js';
import { isThreshError, reasonOf, ThreshError } from '../../errors.js';
import { dataSourcesOf, type NamedSource, type PageData } from '../../target/data-source.js';
import type { PageSample, TargetAnswer } from '../../throttle/page-sample.js';
import { extractRows } from '../extract.js';
import { firstOf } from '../first-of.js';
import type { DocumentAnswer } from '../navigate.js';
import { outOfTime, stopped } from '../page-error.js';
import { proxyFailed } from '../proxies/failures.js';
import type { CompletedPage, FailedPage, PageTask, RenderDeps } from '../render.js';
import { retryAfterMs } from '../retry-after.js';
import { validateRows } from '../validate.js';
import { validatorOf } from '../validator.js';
import { documentAsking } from './ask.js';
import { askThrough, Doubt, type DoubtOf, Expired, Refused, type ThroughWay } from './ask-through.js';
import { ownTurn } from './own-work.js';
import { untouchablePage } from './untouchable.js';
import { AnswerUnread, type WireAnswer } from './wire.js';

/** Of a page that gives less than a row: such pages are compared more often, by themselves. */
export type Oddity = 'no-rows' | 'refused-rows';

export type Fetched =
  | { kind: 'read'; rendered: CompletedPage; seen: PageSample; odd: Oddity | undefined }
  | { kind: 'doubt'; why: string; of: DoubtOf }
  /** Who asks is not known any more. */
  | { kind: 'expired'; why: string }
  | { kind: 'failed'; outcome: FailedPage };

export interface FetchWay extends ThroughWay {
  template: PageTemplate;
  /** By answer. */
  shapes: ReadonlyMap<string, Shape>;
}

/** Never throws but for bugs of ours. */
export async function fetchPage(task: PageTask, deps: RenderDeps, way: FetchWay): Promise<Fetched> {
  const { definition } = deps.target;
  const { signal, isLate, letGo } = firstOf([task.signal], definition.timeoutMs);
  const startedAtMs = Date.now();
  const started = performance.now();
  const passed = (): number => Math.round(performance.now() - started);
  const times: Times = { dataMs: [] };
  let leftAtMs: number | undefined;
  const sampleOf = (answer: TargetAnswer, retryAfter?: string): PageSample => {
    const endedAtMs = leftAtMs ?? Date.now();
    const askedMs = retryAfterMs(retryAfter, endedAtMs);
    return {
      page: task.page,
      label: task.request.label ?? '',
      startedAtMs,
      endedAtMs,
      ...times,
      answer,
      ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
    };
  };
  try {
    const fetchedAt = new Date().toISOString();
    const sources = dataSourcesOf(definition.data, task.request.label);
    const embedded = embeddedOf(sources);
    const { answers, document } = await askAll(task, way, { signal, times, embedded });
    leftAtMs = Date.now();
    task.place?.leave(); // what follows is between us and what it said
    const navigation = passed();
    await ownTurn();
    const captured = capturedOf({ answers, document }, sources, way.shapes);
    const read = await readRows(task, deps, { captured, signal, fetchedAt });
    deps.sessions.served(way.session);
    const total = passed();
    const timings = { navigation, ready: navigation, extract: total, total };
    const odd = read.quarantined.length > 0 ? 'refused-rows' : read.rows.length === 0 ? 'no-rows' : undefined;
    const isAskedLater = definition.incremental?.by.includes('document') === true;
    const rendered = { ...read, timings, ...(isAskedLater && document?.asked) };
    return { kind: 'read', rendered, seen: sampleOf('served'), odd };
  } catch (caught) {
    if (caught instanceof Doubt) return { kind: 'doubt', why: caught.message, of: caught.of };
    if (caught instanceof Doubtful || caught instanceof AnswerUnread)
      return { kind: 'doubt', why: caught.message, of: 'page' };
    if (caught instanceof Expired) return { kind: 'expired', why: caught.message };
    const failure = failureOf(caught, { task, isLate, timeoutMs: definition.timeoutMs, way });
    const { error } = failure;
    const counted = await deps.sessions.failed(way.session, { error, url: task.request.url });
    const seen = sampleOf(counted.code === 'PROXY_FAILED' ? 'unknown' : failure.answer, failure.retryAfter);
    return { kind: 'failed', outcome: { ok: false, error: counted, artifacts: {}, seen } };
  } finally {
    letGo();
  }
}

type Times = Pick<PageSample, 'documentMs'> & { dataMs: number[] };

interface Asking {
  signal: AbortSignal;
  times: Times;
  /** JSON that stands in the page's document. */
  embedded: readonly EmbeddedJson[];
}

interface Answered {
  answers: readonly CapturedAnswer[];
  /** Undefined: nothing of it is wanted. */
  document: FetchedDocument | undefined;
}

interface FetchedDocument {
  answers: readonly CapturedAnswer[];
  /** What they say, by name. */
  data: PageData;
  asked: { document: DocumentAnswer };
}

/** What can be asked at once is; with the first the document, once, however much is embedded in it. */
async function askAll(task: PageTask, way: FetchWay, asking: Asking): Promise<Answered> {
  const { url, label, data } = task.request;
  const answers: CapturedAnswer[] = [];
  let document: FetchedDocument | undefined;
  let left = way.template;
  while (left.length > 0 || (document === undefined && asking.embedded.length > 0)) {
    const known = [...answers, ...(document?.answers ?? [])];
    const now = left.filter(({ needs }) => needs.every((need) => known.some(({ name }) => name === need)));
    const isDocumentNext = document === undefined && asking.embedded.length > 0;
    if (now.length === 0 && !isDocumentNext) throw new Doubt('its requests wait for each other');
    const page = sourcePageOf({ url, label, data, answers, embedded: document?.data ?? {} });
    const requests = now.map((template) => ({ template, request: predict(template, page) }));
    const [got, ...more] = await Promise.all([
      isDocumentNext ? askDocument(url, way, asking) : document,
      ...requests.map(({ template, request }) => askAnswer(template, { request, pageUrl: url }, way, asking)),
    ]);
    document = got;
    answers.push(...more);
    left = left.filter((template) => !now.includes(template));
  }
  return { answers, document };
}

async function askAnswer(
  template: RequestTemplate,
  { request, pageUrl }: { request: PredictedRequest; pageUrl: string },
  way: FetchWay,
  { signal, times }: Asking,
): Promise<CapturedAnswer> {
  const answered = ({ firstByteMs }: WireAnswer): unknown => times.dataMs.push(firstByteMs);
  const { answer, sent } = await askThrough({ request, like: template, pageUrl, read: 'utf8' }, way, {
    signal,
    isAdmitted: false,
    answered,
  });
  const { status, contentType, text } = answer;
  return { name: template.name, request: { ...request, headers: sent }, status, contentType, text };
}

async function askDocument(
  url: string,
  way: FetchWay,
  { signal, times, embedded }: Asking,
): Promise<FetchedDocument> {
  const answered = ({ firstByteMs }: WireAnswer): void => {
    times.documentMs = firstByteMs;
  };
  const { answer, sent, isRedirected } = await askThrough(documentAsking(url, { read: 'html' }), way, {
    signal,
    isAdmitted: true,
    answered,
  });
  const { contentType = 'text/html', text, validators } = answer;
  if (!/^\s*text\/html\b/i.test(contentType))
    throw new Doubt(`the document is no HTML (${contentType.slice(0, 100)})`);
  const answers = answersInHtml(embedded, text, url);
  const { data, missing } = pageDataOf(embedded, answers);
  const [first] = missing;
  if (first !== undefined) {
    const isThere = answers.some(({ name }) => name === first.name);
    const why = isThere ? first.why : "does not stand in the page's document as it is sent";
    throw new Doubt(`${first.name} ${why}`, 'kind-when-rendered');
  }
  if (answers.length === 0) throw new Doubt('nothing that `data` names stands in the document');
  const validator = isRedirected ? undefined : validatorOf(validators, Date.now());
  return { answers, data, asked: { document: { validator, sent } } };
}

/** Throws Doubt where an answer is missing, or something is not as it was on rendered pages. */
function capturedOf(
  { answers, document }: Answered,
  sources: readonly NamedSource[],
  shapes: FetchWay['shapes'],
): CapturedPage {
  const asked = sources.filter(({ kind }) => kind === 'answer');
  const { data: answered, missing } = pageDataOf(asked, answers);
  const [first] = missing;
  if (first !== undefined) throw new Doubt(`${first.name} ${first.why}`);
  const data: PageData = { ...answered, ...document?.data };
  // What is embedded is looked at also where it is not there.
  for (const { name } of [...answers, ...embeddedOf(sources)]) {
    const shape = shapes.get(name);
    const departure = shape === undefined ? undefined : departureOf(shape, data[name], name);
    if (departure !== undefined) throw new Doubt(`another shape: ${departure}`);
  }
  return { answers: [...answers, ...(document?.answers ?? [])], data }; // as of a page that was rendered
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
    throw new Doubt('extract uses `page`, or follows links: its pages are rendered', 'kind');
  const origin = { page, url: request.url, attempt: request.attempt, fetchedAt };
  const validated = await validateRows(definition.schema, extracted.rows, { origin, encode });
  return { outcome: 'completed', fetchedAt, ...validated, followed: [], captured };
}

interface Failing {
  task: PageTask;
  isLate: () => boolean;
  timeoutMs: number;
  way: FetchWay;
}

function failureOf(
  caught: unknown,
  { task, isLate, timeoutMs, way }: Failing,
): { error: ThreshError; answer: TargetAnswer; retryAfter?: string | undefined } {
  const { url } = task.request;
  if (task.signal.aborted) return { error: stopped(caught), answer: 'unknown' };
  if (isLate()) return { error: outOfTime(url, timeoutMs, caught), answer: 'failed' };
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
