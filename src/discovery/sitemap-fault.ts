import { ThreshError } from '../errors.js';

/** Thrown where the sitemap's URL is not at hand; `withUrl` gives it one. */
export class SitemapFault extends Error {
  override readonly name = 'SitemapFault';
  readonly mend: string;

  constructor(what: string, mend: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.mend = mend;
  }
}

/** The DISCOVERY_FAILED that names the URL and the reason. */
export function withUrl(fault: SitemapFault, url: string): ThreshError {
  return new ThreshError(`sitemap ${url}: ${fault.message}`, {
    code: 'DISCOVERY_FAILED',
    scope: 'batch',
    retry: 'later',
    mend: fault.mend,
    cause: fault.cause,
  });
}
