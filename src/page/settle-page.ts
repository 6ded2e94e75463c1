/** A page's end: its outcome is made durable, then counted. */
import type { PageLedger } from '../queue/page-ledger.js';
import type { PageGroup } from '../spool/group.js';
import type {
  CarriedMark,
  KeptPage,
  PageFailure,
  PageOutcome,
  SoftMark,
  Validator,
} from '../spool/record.js';
import type { SegmentWriter } from '../spool/segment-writer.js';
import { readByOf } from '../spool/totals.js';
import type { LaneOutcome } from './proofs.js';
import type { CompletedPage, RenderedPage } from './render.js';
import type { Sessions } from './sessions.js';

export interface SettleDeps {
  ledger: PageLedger;
  sessions: Sessions;
  /** Waits while the disk takes nothing: what was rendered is not thrown away. */
  segments: SegmentWriter;
  /** Keeps what a page's rows come from; undefined: nothing is kept. Waits while the disk or the store takes nothing. */
  keep: ((page: CompletedPage) => Promise<KeptPage | undefined>) | undefined;
}

interface SettledJob {
  page: number;
  url: string;
  label?: string;
}

export async function settle(
  job: SettledJob,
  attempt: number,
  {
    rendered,
    soft,
    renderedFor,
    carried,
  }: { rendered: RenderedPage } & Pick<LaneOutcome, 'soft' | 'renderedFor' | 'carried'>,
  deps: SettleDeps,
): Promise<void> {
  if (rendered.outcome === 'gone') {
    const status = rendered.status === undefined ? {} : { status: rendered.status };
    const failure: PageFailure = { code: 'PAGE_GONE', message: 'the page does not exist', ...status };
    return commit(job, attempt, { outcome: 'gone', failure }, deps);
  }
  const { rows, quarantined, followed, timings, weight } = rendered;
  const kept = carried === undefined ? await deps.keep?.(rendered) : undefined; // before the page counts
  const validator = rendered.document?.validator;
  return commit(
    job,
    attempt,
    {
      outcome: 'completed',
      rows,
      quarantined,
      followed,
      timings: { ...timings },
      weight,
      soft,
      renderedFor,
      kept,
      validator,
      ...carried,
    },
    deps,
  );
}

interface Outcome {
  outcome: PageOutcome;
  rows?: PageGroup['rows'];
  quarantined?: PageGroup['quarantined'];
  followed?: NonNullable<PageGroup['page']['follow']>;
  timings?: Record<string, number>;
  weight?: number | undefined;
  failure?: PageFailure;
  soft?: SoftMark | undefined;
  renderedFor?: LaneOutcome['renderedFor'];
  kept?: KeptPage | undefined;
  carried?: CarriedMark | undefined;
  validator?: Validator | undefined;
}

/** Durable first, then counted: killed in between, the page is rendered again and counted once. */
export async function commit(
  job: SettledJob,
  attempt: number,
  end: Outcome,
  deps: SettleDeps,
): Promise<void> {
  const {
    rows = [],
    quarantined = [],
    followed = [],
    outcome,
    timings,
    weight,
    failure,
    soft,
    renderedFor,
    kept,
    carried,
    validator,
  } = end;
  const proxyBytes = deps.sessions.takeProxyBytes();
  await deps.segments.append({
    rows,
    quarantined,
    page: {
      page: job.page,
      url: job.url,
      ...(job.label === undefined ? {} : { label: job.label }),
      outcome,
      attempt,
      at: new Date().toISOString(),
      ...(followed.length === 0 ? {} : { follow: followed }),
      ...(failure === undefined ? {} : { failure }),
      ...(timings === undefined ? {} : { timings }),
      ...(weight === undefined ? {} : { weight }),
      ...(proxyBytes === undefined ? {} : { proxyBytes }),
      ...(soft === undefined ? {} : { soft }),
      ...(renderedFor === undefined ? {} : { renderedFor }),
      ...(kept === undefined ? {} : { kept }),
      ...(carried === undefined ? {} : { carried }),
      ...(validator === undefined ? {} : { validator }),
    },
  });
  const links = followed.length === 0 ? undefined : JSON.stringify(followed);
  await deps.ledger.settle({
    page: job.page,
    outcome,
    rows: rows.length,
    quarantined: quarantined.length,
    followed: links,
    readBy: readByOf({ soft, carried, renderedFor }),
  });
}
