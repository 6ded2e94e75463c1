/** Asks a page's document, as a page of its session would, whether it is the one that an earlier batch saw. */
import { isRefusal } from '../../../browser-pool/index.js';
import type { Validator } from '../../spool/record.js';
import type { PageSample } from '../../throttle/page-sample.js';
import { firstOf } from '../first-of.js';
import { blocked, stopped } from '../page-error.js';
import type { FailedPage, PageTask } from '../render.js';
import { overloadWaitMs, retryAfterMs } from '../retry-after.js';
import { conditionOf, isOf } from '../validator.js';
import { type AskWay, ask, documentAsking } from './ask.js';
import type { WireAnswer } from './wire.js';

export type Asked =
  | { kind: 'unchanged'; seen: PageSample }
  /** Or it cannot be said: rendering the page says how it is. */
  | { kind: 'changed' }
  /** It asks us to wait, or we stop: it is not asked once more. */
  | { kind: 'failed'; outcome: FailedPage };

const ASK_MS = 15_000;

export async function askUnchanged(
  task: PageTask,
  { validator, ...way }: AskWay & { validator: Validator },
): Promise<Asked> {
  const { signal, letGo } = firstOf([task.signal], ASK_MS);
  const startedAtMs = Date.now();
  try {
    const headers = conditionOf(validator);
    const got = await ask(documentAsking(task.request.url, { headers, read: 'nothing' }), way, signal);
    if (got === undefined) return { kind: 'changed' }; // nobody of the session was seen to ask for a document
    const { answer } = got;
    const seen = sampleOf(task, startedAtMs, answer);
    if (answer.status === 304 && isOf(validator, answer.validators.etag)) return { kind: 'unchanged', seen };
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
