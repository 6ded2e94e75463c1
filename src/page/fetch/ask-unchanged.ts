/** Asks a page's document, as a page of its session would, whether it is the one that an earlier batch saw. */
import { isRefusal } from '../../../browser-pool/index.js';
import type { Validator } from '../../spool/record.js';
import type { PageSample } from '../../throttle/page-sample.js';
import { firstOf } from '../first-of.js';
import { blocked, stopped } from '../page-error.js';
import type { FailedPage, PageTask } from '../render.js';
import { overloadWaitMs, retryAfterMs } from '../retry-after.js';
import type { Session } from '../sessions.js';
import { conditionOf, isOf } from '../validator.js';
import type { Identity } from './identity.js';
import type { Wire, WireAnswer } from './wire.js';

export type Asked =
  | { kind: 'unchanged'; seen: PageSample }
  /** Or it cannot be said: rendering the page says how it is. */
  | { kind: 'changed' }
  /** It asks us to wait, or we stop: it is not asked once more. */
  | { kind: 'failed'; outcome: FailedPage };

export interface AskWay {
  validator: Validator;
  session: Session;
  identity: Identity;
  wire: Wire;
}

const ASK_MS = 15_000;
/** The document, as what was sent for it is known by: identity.ts. */
export const DOCUMENT = 'the document';

export async function askUnchanged(task: PageTask, way: AskWay): Promise<Asked> {
  const { signal, letGo } = firstOf([task.signal, AbortSignal.timeout(ASK_MS)]);
  const startedAtMs = Date.now();
  try {
    const answer = await ask(task, way, signal);
    if (answer === undefined) return { kind: 'changed' };
    const seen = sampleOf(task, startedAtMs, answer);
    if (answer.status === 304 && isOf(way.validator, answer.etag)) return { kind: 'unchanged', seen };
    if (!isRefusal(answer.status)) return { kind: 'changed' };
    const nowMs = Date.now();
    const afterMs = overloadWaitMs(answer.retryAfter, { answeredAtMs: nowMs, nowMs });
    const error = blocked(task.request.url, `answered ${answer.status}`, { afterMs });
    return { kind: 'failed', outcome: { ok: false, error, artifacts: {}, seen } };
  } catch (caught) {
    if (!task.signal.aborted) return { kind: 'changed' };
    const seen = { ...sampleOf(task, startedAtMs), answer: 'unknown' as const };
    return { kind: 'failed', outcome: { ok: false, error: stopped(caught), artifacts: {}, seen } };
  } finally {
    letGo();
  }
}

/** Undefined: nobody of the session was seen to ask for a document. */
async function ask(
  { request: { url } }: PageTask,
  { validator, session, identity, wire }: AskWay,
  signal: AbortSignal,
): Promise<WireAnswer | undefined> {
  const request = { method: 'GET' as const, url, headers: {}, body: undefined };
  const headers = identity.headersOf(request, { name: DOCUMENT, headers: [] }, url);
  if (headers === undefined) return undefined;
  const answer = await wire.ask(
    { ...request, headers: { ...headers, ...conditionOf(validator) } },
    { signal, proxy: session.proxy?.server, isBodyWanted: false },
  );
  identity.took(url, answer.setCookie);
  return answer;
}

function sampleOf({ page, request }: PageTask, startedAtMs: number, answer?: WireAnswer): PageSample {
  const endedAtMs = Date.now();
  const askedMs = retryAfterMs(answer?.retryAfter, endedAtMs);
  return {
    page,
    label: request.label ?? '',
    startedAtMs,
    endedAtMs,
    ...(answer === undefined ? {} : { documentMs: answer.firstByteMs }),
    dataMs: [],
    answer: answer !== undefined && isRefusal(answer.status) ? 'refused' : 'served',
    ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
  };
}
