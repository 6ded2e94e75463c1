import type { ThreshError } from '../errors.js';
import type { AttemptedPage, OnPageEvent } from './events.js';
import type { RenderedPage } from './render.js';
import type { PageJob } from './work-page.js';

/** An attempt at a page that has begun. It is told of once, by `served` or `failed`, when it has ended. */
export interface Attempt {
  /** Nothing is left to do at the target. */
  rendered(): void;
  served(outcome: AttemptedPage['outcome'], page: RenderedPage): void;
  failed(outcome: AttemptedPage['outcome'], error: ThreshError): void;
}

export function beginAttempt(job: PageJob, attempt: number, onEvent: OnPageEvent): Attempt {
  const { batch, page, url, label } = job;
  const startedAtMs = Date.now();
  const started = performance.now();
  let renderMs: number | undefined;
  const passed = (): number => Math.round(performance.now() - started);

  function tell(outcome: AttemptedPage['outcome'], facts: Partial<AttemptedPage>): void {
    const tookMs = passed();
    onEvent({
      kind: 'page.attempted',
      ...{ batch, page, url, attempt, outcome },
      ...(label === undefined ? {} : { label }),
      ...facts,
      ...{ renderMs: renderMs ?? tookMs, startedAtMs, endedAtMs: startedAtMs + tookMs },
    });
  }

  return {
    rendered() {
      renderMs = passed();
    },
    served(outcome, rendered) {
      if (rendered.outcome === 'gone') return tell(outcome, {});
      tell(outcome, { rows: rendered.rows.length, quarantined: rendered.quarantined.length });
    },
    failed(outcome, { code, message }) {
      tell(outcome, { code, reason: message });
    },
  };
}
