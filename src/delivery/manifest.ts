/** `_SUCCESS` and `report.json`: what people and downstream jobs read about a batch. Additions are fine, renames are not. */

export interface DeliveredFile {
  name: string;
  rows: number;
  bytes: number;
  /** Hex. */
  sha256: string;
}

/** Every page of the frontier ends as exactly one of these; the sum is `frontier`. */
export interface PageBooks {
  frontier: number;
  completed: number;
  gone: number;
  skipped: number;
  dead: number;
  unfinished: number;
}

/** `read = delivered + duplicates + quarantined`. */
export interface RowBooks {
  read: number;
  delivered: number;
  duplicates: number;
  quarantined: number;
}

export interface BatchTimes {
  startedAt: string;
  /** Of the aggregation's end; delivery follows at once. */
  finishedAt: string;
  seconds: number;
  /** Seconds in each state, by its name. */
  states: Record<string, number>;
}

export interface SlaFigures {
  windowSeconds: number;
  /** Of the whole batch, to the aggregation's end. */
  runSeconds: number;
  /** `1 - run time / window` */
  margin: number;
  met: boolean;
  /** ms that half of the attempts at pages, and 99 in 100, took at most. */
  p50Ms?: number;
  p99Ms?: number;
}

/** Of a target with `navigate: 'soft'`: how its completed pages were gone to. */
export interface NavigationBooks {
  soft: number;
  load: number;
  /** Times that loading a page gave what the application gave. */
  compared: number;
  /** Why it was turned off. */
  off?: string;
}

/** Of a target with `block: 'auto'`: how its completed pages were loaded; with `navigate: 'soft'` as well, see there. */
export interface BlockingBooks {
  /** Without the hosts that their rows do not need. */
  lean: number;
  whole: number;
  /** Times that loading a page whole gave what it gave without them. */
  compared: number;
  /** Why it was turned off. */
  off?: string;
}

/** Of a target with `incremental`: how its completed pages came by their rows. */
export interface CarryBooks {
  /** From an earlier batch. */
  carried: number;
  /** Of those: their document was asked, and said that it has not changed. */
  asked?: number;
  /** Why documents were not asked, though the target says so. */
  notAsked?: string;
  rendered: number;
  /** Unchanged pages that were rendered all the same and gave what they gave before. */
  compared: number;
  /** Nights since the last full one; 0: this one is full. */
  nights: number;
  /** The batch whose pages were carried over. */
  from?: string;
  /** Why every page was rendered. */
  full?: string;
}

/** Of a target with `lane: 'auto'`: how its completed pages were read. */
export interface LaneBooks {
  /** Without a browser. */
  fetched: number;
  rendered: number;
  /** Why, by number of pages: `learning`, `sample`, `doubt`, `session`, `retry`, `not-learned`, `off`. */
  renderedFor: Readonly<Partial<Record<string, number>>>;
  /** Times that rendering a page gave what fetching it gave. */
  compared: number;
  /** Why pages are not fetched: by their label and the segments of their address, as `detail, 4 segments`. */
  notLearned?: Record<string, string>;
  /** Why it was turned off. */
  off?: string;
}

/** What fetching took: where the next night's pace and plan start. */
export interface Effort {
  /** Pages that discovery found; the others of the frontier were followed. */
  discovered: number;
  /** At the pages that have an outcome, up to it. */
  attempts: number;
  /** Attempts whose time was measured, and their time, ms. */
  measured: number;
  meanMs: number;
  p50Ms: number;
  p99Ms: number;
}

/** What a batch took. */
export interface Cost {
  /** Of CPU, browsers included; a worker that serves several targets is shared out. 0 where it cannot be told. */
  cpuSeconds: number;
  /** Over the network, of all completed pages, estimated from `weighedPages` of them. */
  bytes?: number;
  weighedPages?: number;
  /** Through proxies, both ways, for all attempts. */
  proxyBytes?: number;
}

export interface Manifest {
  /** Of this document. */
  version: 1;
  batch: string;
  target: string;
  /** `YYYY-MM-DD` */
  date: string;
  schema: { hash: string; columns: unknown; key: readonly string[] };
  files: DeliveredFile[];
  pages: PageBooks;
  rows: RowBooks;
  statistics: Record<string, unknown>;
  times: BatchTimes;
  sla?: SlaFigures;
  /** Absent when no attempt was measured. */
  effort?: Effort;
  navigation?: NavigationBooks;
  blocking?: BlockingBooks;
  incremental?: CarryBooks;
  lane?: LaneBooks;
  engine: string;
  /** Of a batch that was run with --limit: a sample, left out when later datasets are compared with earlier ones. */
  limit?: number;
  /** The batch whose pages were read again, from what it kept of them. */
  reextractOf?: string;
  /** Names of the checks that held the batch, when a person released it all the same. */
  forced?: string[];
}

export interface Report extends Manifest {
  state: 'delivered' | 'held' | 'failed' | 'cancelled' | 'delivering';
  reason?: string;
  gate: { passed: boolean; forced: boolean; checks: unknown[] };
  pagesPerSecond: number;
  /** The times behind `effort`: an HdrHistogram (V2, compressed, base64), so that those of several nights can be added up. */
  durations?: string;
  cost: Cost;
  deadLetters: Record<string, number>;
  quarantine: { path: string; code: string; rows: number }[];
}
