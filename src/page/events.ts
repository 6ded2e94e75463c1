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
  | {
      kind: 'target.said';
      batch: string;
      page: number;
      url: string;
      level: 'debug' | 'info' | 'warn' | 'error';
      message: string;
      fields: Record<string, unknown>;
    };

export type OnPageEvent = (event: PageEvent) => void;
