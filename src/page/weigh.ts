/** What a page takes over the network. */
import type { Page, Request } from 'playwright';

/** Each answer's size is asked of the browser: too dear for every page, and so few say enough of all. */
const ONE_IN = 20;
const LIMIT_MS = 1_000;

/** Whether the page of this number is weighed. */
export function isWeighed(page: number): boolean {
  return page % ONE_IN === 0;
}

export interface Scale {
  /** Bytes of what was asked and answered, headers included; what is still on its way is not in it. Undefined when that cannot be had. */
  read(): Promise<number | undefined>;
  /** To be called in any case. */
  putAway(): void;
}

/** Counts from now on. */
export function weigh(page: Page): Scale {
  const finished: Request[] = [];
  const onFinished = (request: Request): void => {
    finished.push(request);
  };
  page.on('requestfinished', onFinished);
  return {
    async read() {
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, LIMIT_MS, undefined).unref());
      return Promise.race([sumOf(finished).catch(() => undefined), late]); // a page that is gone says nothing
    },
    putAway() {
      page.off('requestfinished', onFinished);
    },
  };
}

async function sumOf(requests: readonly Request[]): Promise<number> {
  const sizes = await Promise.all(requests.map((request) => request.sizes()));
  return sizes.reduce(
    (sum, { requestHeadersSize, requestBodySize, responseHeadersSize, responseBodySize }) =>
      sum + requestHeadersSize + requestBodySize + responseHeadersSize + responseBodySize,
    0,
  );
}
