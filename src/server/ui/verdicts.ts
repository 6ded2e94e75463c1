/** How a night's verdict is shown: a sign as well as a colour, for those who see no difference between two colours. */
import type { NightView } from '../schemas.js';

type Verdict = NightView['verdict'];

export const VERDICTS: Record<Verdict, { sign: string; words: string }> = {
  delivered: { sign: '✓', words: 'delivered' },
  late: { sign: '◷', words: 'delivered late: beyond its SLA window' },
  thin: { sign: '▁', words: 'delivered thin: under 80 % of the usual rows' },
  held: { sign: '!', words: 'held by the gate' },
  failed: { sign: '✕', words: 'failed' },
  cancelled: { sign: '–', words: 'cancelled' },
  running: { sign: '▸', words: 'running' },
  paused: { sign: 'Ⅱ', words: 'paused' },
};

/** What somebody should look at. */
export const TROUBLE: ReadonlySet<Verdict> = new Set(['late', 'thin', 'held', 'failed', 'paused']);

/** Of a batch without its history. */
export function verdictOfState(state: string): Verdict {
  return state in VERDICTS ? (state as Verdict) : 'running';
}
