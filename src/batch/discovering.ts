import { discover } from '../discovery/discover.js';
import type { Frontier } from '../discovery/frontier.js';
import { ThreshError } from '../errors.js';
import type { PageLedger } from '../queue/page-ledger.js';
import type { PageRequest } from '../target/definition.js';
import type { LoadedTarget } from '../target/load.js';
import type { Rules } from './rules.js';

export interface DiscoveringOptions {
  target: LoadedTarget;
  frontier: Frontier;
  ledger: PageLedger;
  rules: Rules;
  limit: number | undefined;
  userAgent: string;
  publish: () => Promise<void>;
  signal: AbortSignal;
}

export interface Discovered {
  pages: number;
  duplicates: number;
  skipped: number;
}

const ADMIT_AT_ONCE = 1_000;

/** Fills the frontier. Stops reading at the limit. Throws DISCOVERY_FAILED, also when there is no page. */
export async function discoverPages(options: DiscoveringOptions): Promise<Discovered> {
  const { target, frontier, ledger, rules, limit, signal } = options;
  const admission = rules.admission({ frontier, ledger, limit, taken: 0 });
  const totals: Discovered = { pages: 0, duplicates: 0, skipped: 0 };
  let candidates: PageRequest[] = [];

  async function admit(): Promise<void> {
    const { added, duplicates, skipped } = await admission.admit(candidates);
    totals.pages += added;
    totals.duplicates += duplicates;
    totals.skipped += skipped;
    candidates = [];
    await options.publish();
  }

  for await (const request of discover(target.definition.discover, {
    signal,
    userAgent: options.userAgent,
  })) {
    signal.throwIfAborted();
    candidates.push(target.definition.incremental === undefined ? withoutLastmod(request) : request);
    const enough =
      limit === undefined
        ? ADMIT_AT_ONCE
        : Math.min(ADMIT_AT_ONCE, Math.max(1, limit - totals.pages + totals.skipped));
    if (candidates.length >= enough) await admit();
    if (admission.isFull()) break;
  }
  if (candidates.length > 0) await admit();
  if (totals.pages === 0) {
    throw new ThreshError(`${target.definition.name}: discovery found no page`, {
      code: 'DISCOVERY_FAILED',
      scope: 'batch',
      mend: 'look at what `discover` names: an empty sitemap, or an include that matches nothing?',
    });
  }
  return totals;
}

/** A frontier is as small as it can be. */
function withoutLastmod({ lastmod: _, ...request }: PageRequest): PageRequest {
  return request;
}
