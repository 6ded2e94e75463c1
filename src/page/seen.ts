/** What an attempt showed of the target, from what the browser was answered and how the attempt ended. */
import { isRefusal, type PageAnswers } from '../../browser-pool/index.js';
import type { ThreshError } from '../errors.js';
import type { PageSample, TargetAnswer } from '../throttle/page-sample.js';
import { netErrorOf } from './navigate.js';
import { retryAfterMs } from './retry-after.js';

export interface Attempt {
  page: number;
  label: string | undefined;
  startedAtMs: number;
  /** Undefined when no page was had to ask the target with. */
  answers: PageAnswers | undefined;
  /** Undefined when it came to a good end. */
  error: ThreshError | undefined;
}

/** To be called when the attempt ends, before its page is given back. */
export function sampleOf({ page, label = '', startedAtMs, answers, error }: Attempt): PageSample {
  const endedAtMs = Date.now();
  const base = { page, label, startedAtMs, endedAtMs };
  if (answers === undefined) return { ...base, dataMs: [], answer: 'unknown' };
  const documentMs = answers.document?.firstByteMs;
  const askedMs = longestAskedMs(answers, endedAtMs);
  return {
    ...base,
    ...(documentMs === undefined ? {} : { documentMs }),
    dataMs: answers.data.flatMap(({ firstByteMs }) => firstByteMs ?? []),
    answer: answerOf(answers, error),
    ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
  };
}

function answerOf(answers: PageAnswers, error: ThreshError | undefined): TargetAnswer {
  const said = error === undefined ? 'served' : byError(answers, error);
  return said === 'served' && answers.refusals.length > 0 ? 'refused' : said;
}

function byError({ document, ...answers }: PageAnswers, error: ThreshError): TargetAnswer {
  switch (error.code) {
    case 'INTERRUPTED':
    case 'BROWSER_UNAVAILABLE':
    case 'BROWSER_CRASHED':
    case 'PAGE_CRASHED':
    case 'PAGE_MEMORY':
    case 'PROXY_FAILED':
      return 'unknown';
    case 'PAGE_BLOCKED':
      return typeof error.retry === 'object' ? 'refused' : 'blocked';
    case 'HTTP_STATUS':
      return (document?.status ?? 0) >= 500 ? 'failed' : 'served';
    case 'NAVIGATION_FAILED':
      return document === undefined ? byNetError(error) : 'served';
    case 'NOT_READY':
    case 'PAGE_TIMEOUT':
      return document === undefined || lacksData(answers) ? 'failed' : 'served';
    default:
      return 'served';
  }
}

/** The page waited for data that did not come: cut, 5xx, or so far no answer to any request. */
function lacksData({ troubles, pending, answeredWell }: Omit<PageAnswers, 'document'>): boolean {
  return troubles.some(({ status }) => !isRefusal(status)) || (pending > 0 && answeredWell === 0);
}

function byNetError(error: ThreshError): TargetAnswer {
  const name = netErrorOf(error.cause) ?? '';
  if (name === 'ERR_TOO_MANY_REDIRECTS') return 'served';
  // Ours: never asked, or lost on the way out.
  return /^ERR_(ABORTED|UNSAFE_PORT|INVALID_|DISALLOWED_|BLOCKED_|PROXY_|TUNNEL_|SOCKS_)/.test(name)
    ? 'unknown'
    : 'failed';
}

function longestAskedMs({ document, refusals }: PageAnswers, endedAtMs: number): number | undefined {
  const refused = document !== undefined && isRefusal(document.status) ? [...refusals, document] : refusals;
  const left = refused.flatMap(({ retryAfter, atMs }) => {
    const askedMs = retryAfterMs(retryAfter, atMs);
    return askedMs === undefined ? [] : [Math.max(0, atMs + askedMs - endedAtMs)];
  });
  return left.length === 0 ? undefined : Math.max(...left);
}
