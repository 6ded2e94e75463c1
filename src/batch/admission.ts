/**
 * The only door into a batch's frontier, for discovered and followed pages alike: identity by normalised URL, each
 * once; followed links only to hosts that the target names; robots.txt; the limit. What is not to be fetched stands in
 * the frontier all the same, marked as skipped, so that the books name it.
 */

import type { Frontier, NewPage } from '../discovery/frontier.js';
import { fingerprint, normaliseUrl } from '../discovery/normalise.js';
import type { Robots } from '../discovery/robots.js';
import { isThreshError } from '../errors.js';
import type { PageLedger } from '../queue/page-ledger.js';
import type { ResolvedTarget } from '../target/defaults.js';
import type { PageRequest } from '../target/definition.js';

export interface Candidate extends PageRequest {
  /** The page that followed the link; undefined for a discovered page. */
  from?: number;
}

export interface Admitted {
  added: number;
  duplicates: number;
  skipped: number;
  /** Followed links to hosts that the target does not name. */
  refused: string[];
}

export interface Admission {
  /** In order, durably. Safe to repeat: what is in the frontier already is a duplicate. */
  admit(candidates: readonly Candidate[]): Promise<Admitted>;
  /** True when further candidates could only be skipped. */
  isFull(): boolean;
}

export interface AdmissionOptions {
  target: ResolvedTarget;
  frontier: Frontier;
  ledger: PageLedger;
  robots: Robots;
  mayFollow: (url: string) => boolean;
  limit: number | undefined;
  /** Pages to be fetched that the frontier holds already. */
  taken: number;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { target, frontier, ledger, robots, limit } = options;
  let taken = options.taken;
  const isFull = (): boolean => limit !== undefined && taken >= limit;

  /** Throws for a discovered page whose robots.txt cannot be had; a followed one is one of many, and skipped. */
  async function judge({ url, from }: Candidate): Promise<NewPage['skip']> {
    try {
      return (await robots.allowed(url)) ? undefined : 'robots';
    } catch (error) {
      if (from === undefined || !isThreshError(error)) throw error;
      return 'robots-unreachable';
    }
  }

  return {
    isFull,
    async admit(candidates) {
      const refused: string[] = [];
      const named: { candidate: Candidate; identity: string }[] = [];
      for (const candidate of candidates) {
        const identity = normaliseUrl(candidate.url, target.url);
        if (identity === undefined || (candidate.from !== undefined && !options.mayFollow(identity))) {
          refused.push(candidate.url);
        } else {
          named.push({ candidate, identity });
        }
      }
      // Before they count as seen: what cannot be judged now is to come again.
      const rules = await Promise.all(named.map(({ candidate }) => judge(candidate)));
      const isNew = await ledger.addSeen(named.map(({ identity }) => fingerprint(identity)));
      const pages: NewPage[] = [];
      for (const [at, { candidate }] of named.entries()) {
        if (isNew[at] !== true) continue;
        const skip = rules[at] ?? (isFull() ? 'limit' : undefined);
        if (skip === undefined) taken += 1;
        pages.push({ ...candidate, ...(skip === undefined ? {} : { skip }) });
      }
      await frontier.append(pages);
      const skipped = pages.filter((page) => page.skip !== undefined).length;
      return { added: pages.length, duplicates: named.length - pages.length, skipped, refused };
    },
  };
}
