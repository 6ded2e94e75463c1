/** What an earlier batch got of a page, as this batch's own. */
import type { PageGroup } from '../spool/group.js';
import type { FoundRecords, GroupPlace } from '../spool/read-group.js';
import type { CarriedMark } from '../spool/record.js';
import { digestOf } from './same-rows.js';

/** Where it stands; it travels with the page's job. */
export interface BeforeOfPage extends GroupPlace {
  /** The batch that fetched it. */
  origin: string;
  /** ISO 8601, UTC. */
  fetchedAt: string;
}

export interface CarriedPage {
  page: number;
  url: string;
  label?: string | undefined;
  /** 0: it was not asked for. */
  attempt: number;
  mark: CarriedMark;
}

export function carriedGroup(
  { page, url, label, attempt, mark }: CarriedPage,
  { rows, quarantined, kept, validator }: FoundRecords,
): PageGroup {
  return {
    rows: rows.map((row) => ({ ...row, page, url, carriedFrom: mark.from })),
    quarantined: quarantined.map((row) => ({ ...row, page, url })),
    page: {
      page,
      url,
      ...(label === undefined ? {} : { label }),
      outcome: 'completed',
      attempt,
      at: new Date().toISOString(),
      carried: mark,
      ...(kept === undefined ? {} : { kept }),
      ...(validator === undefined ? {} : { validator }),
    },
  };
}

/** To be compared with what rendering the page gives. */
export function digestOfGroup({ rows, quarantined }: PageGroup): string {
  return digestOf({
    outcome: 'completed',
    rows: [...rows],
    quarantined: [...quarantined],
    followed: [],
    fetchedAt: '',
    timings: { navigation: 0, ready: 0, extract: 0, total: 0 },
  });
}
