/** What one attempt at a page showed of the target: the throttle's only signal, never how long our own rendering took. */
export interface PageSample {
  /** Number in the frontier. */
  page: number;
  /** '' without one. Pages of different labels may cost the target differently. */
  label: string;
  /** Epoch ms: the navigation began. */
  startedAtMs: number;
  /** Epoch ms: the attempt ended. */
  endedAtMs: number;
  /** Time to first byte of the document as the browser saw it, ms; undefined without an answer. */
  documentMs?: number;
  /** The same of its data requests (XHR, fetch) to the target, in order, at most 20. */
  dataMs: readonly number[];
  answer: TargetAnswer;
  /** What the target asked for by `Retry-After`, counted from `endedAtMs`. */
  retryAfterMs?: number;
}

/**
 * `served`: it answered, well or with an error of this page alone (404). `refused`: 429, 503, of the document or of a
 * data request. `blocked`: 403, a challenge, an empty shell. `failed`: no answer (refused or cut connections, no
 * answer in time), or 500, 502, 504. `unknown`: the attempt says nothing of it (our browser died, we stopped).
 */
export type TargetAnswer = 'served' | 'refused' | 'blocked' | 'failed' | 'unknown';
