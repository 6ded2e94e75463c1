/** What happens to a target's proxies; each is named without user and password. */
export type ProxyEvent =
  | { kind: 'proxy.left'; proxy: string; reason: string; forMs: number }
  | { kind: 'proxy.returned'; proxy: string }
  /** Their provider gives no list: the last one holds. */
  | { kind: 'proxies.missed'; reason: string };

/**
 * How an attempt at a page ended. `compared`: the page had its outcome, and was loaded to compare it; `put-back`: it counts
 * for nothing (the target asked us to wait or is down, a browser went away, this process stops).
 */
export type AttemptOutcome = 'completed' | 'gone' | 'compared' | 'retried' | 'put-back' | 'dead';

/** One attempt at a page, from taking it up until what came of it stands. Times are epoch ms. */
export interface AttemptedPage {
  kind: 'page.attempted';
  batch: string;
  page: number;
  url: string;
  label?: string;
  attempt: number;
  outcome: AttemptOutcome;
  /** Of its failure. */
  code?: string;
  reason?: string;
  /** Good ones, of a completed page. */
  rows?: number;
  quarantined?: number;
  /** Without what it took to make rows durable. */
  renderMs: number;
  startedAtMs: number;
  endedAtMs: number;
}

/** What happens to pages, told to whoever listens. Facts, in the past tense. */
export type PageEvent =
  | AttemptedPage
  | {
      kind: 'page.retried';
      batch: string;
      page: number;
      url: string;
      attempt: number;
      code: string;
      reason: string;
    }
  | {
      kind: 'page.dead';
      batch: string;
      page: number;
      url: string;
      attempt: number;
      code: string;
      reason: string;
    }
  | { kind: 'browser.missed'; batch: string; reason: string }
  /** These are not asked from now on, for pages of the label: their rows are the same without. `needed`: not so. */
  | {
      kind: 'batch.block-learned';
      batch: string;
      label?: string;
      hosts: readonly string[];
      needed: readonly string[];
    }
  /** Pages of the kind `of` are fetched from now on; with `why`, they are not in this batch. */
  | { kind: 'batch.lane-learned'; batch: string; of: string; why?: string }
  | {
      kind: 'target.said';
      batch: string;
      page: number;
      url: string;
      level: 'debug' | 'info' | 'warn' | 'error';
      message: string;
      fields: Record<string, unknown>;
    }
  | (ProxyEvent & { batch: string });

export type OnPageEvent = (event: PageEvent) => void;
