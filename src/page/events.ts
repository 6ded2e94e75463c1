/** What happens to a target's proxies; each is named without user and password. */
export type ProxyEvent =
  | { kind: 'proxy.left'; proxy: string; reason: string; forMs: number }
  | { kind: 'proxy.returned'; proxy: string }
  /** Their provider gives no list: the last one holds. */
  | { kind: 'proxies.missed'; reason: string };

/** What happens to pages, told to whoever listens. Facts, in the past tense. */
export type PageEvent =
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
