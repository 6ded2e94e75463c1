/** A batch as it stands now: what progress, `status` and alerts show. */
export interface BatchSnapshot {
  batch: string;
  target: string;
  /** `YYYY-MM-DD` */
  date: string;
  state: string;
  /** ISO time of the batch's start. */
  since: string;
  pages: {
    frontier: number;
    completed: number;
    gone: number;
    skipped: number;
    dead: number;
    unfinished: number;
  };
  rows: number;
  quarantined: number;
  retries: number;
  inFlight: number;
  /** Pages that may be in flight over the whole farm. */
  limit: number;
  /** Pages in flight that the processes of the farm have room for. */
  slots?: number;
  /** What holds the batch back now: `machine`, `memory`. */
  heldBy?: { by: string; why?: string };
  pagesPerSecond: number;
  etaMs?: number;
  /** The window is what holds it back: it could be quicker. */
  paced?: true;
  /**
   * What is left to be done within its window, where that holds it back: attempts at pages, the mean ms of each, and the
   * epoch ms by which it aims to be done.
   */
  outlook?: { attempts: number; pageMs?: number; endsAtMs: number };
  /** `1 - projected run time / SLA window` */
  margin?: number;
  /** What would help, while the SLA is at risk. */
  risk?: string;
  /** ms that half of the attempts at pages, and 99 in 100, took at most. */
  p50Ms?: number;
  p99Ms?: number;
  notice?: string;
  /** A large dataset is being built by the farm's machines. */
  aggregation?: AggregationStanding;
  /** Of a target with `lane: 'auto'`, from its first page on. */
  lane?: LaneStanding;
}

/** Of pages that are fetched without a browser: whether they are yet, and what became of those that are completed. */
export interface LaneStanding extends Omit<LaneKind, 'kind'> {
  fetched: number;
  rendered: number;
  /** Why, by number of pages: `learning`, `sample`, `doubt`, `session`, `retry`, `not-learned`, `off`. */
  renderedFor: Record<string, number>;
  /** Times that rendering a page gave what fetching it gave. */
  compared: number;
  /** By the label of their pages and the segments of their address. */
  kinds: LaneKind[];
}

export interface LaneKind {
  /** `detail, 4 segments` */
  kind: string;
  stage: 'learning' | 'fetching' | 'not-learned' | 'off';
  /** Of what is not fetched (any more): why. */
  why?: string;
}

export interface AggregationStanding {
  /** Shares of the segments that are dealt to the partitions, of how many. */
  split: number;
  splits: number;
  /** Partitions that are written, of how many. */
  written: number;
  partitions: number;
}
