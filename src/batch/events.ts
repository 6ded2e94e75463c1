import type { PageEvent } from '../page/events.js';
import type { SlotsReason } from '../throttle/machine-throughput.js';
import type { BatchState } from './journal.js';

/** What happens in a batch, told to whoever listens (the log, the progress display, alerts). Facts, in the past tense. */
export type BatchEvent =
  | { kind: 'batch.entered'; batch: string; state: BatchState; reason?: string }
  | { kind: 'batch.resumed'; batch: string; state: BatchState; settled: number; frontier: number }
  | { kind: 'batch.discovered'; batch: string; pages: number; duplicates: number; skipped: number }
  /** It could not even be begun (its target's file is gone or wrong) or a bug ended it; the batch can be run again. */
  | { kind: 'batch.broke'; batch: string; error: unknown }
  | { kind: 'batch.paused'; batch: string; reason: string; by: 'person' | 'drift' }
  /** After a pause, or after what was in the way. */
  | { kind: 'batch.went-on'; batch: string }
  /** Something outside is in the way (a full disk, Redis that refuses to write): it is tried again until it works. Said once a process. */
  | { kind: 'batch.waited'; batch: string; reason: string; of: 'disk' | 'redis' | 'proxies' | 'store' }
  /** Its lock lapsed, but the process that runs it is alive: it is left to that one. */
  | { kind: 'batch.left-to'; batch: string; pid: number }
  /** Another machine has taken it over; whatever was on its way here does not count. */
  | { kind: 'batch.taken-over'; batch: string }
  /** Its target's code here is not that which it was begun with: this process leaves it alone. */
  | { kind: 'batch.other-code'; batch: string; reason: string }
  /** Redis lost what it knew; it is put together again from the batch's files. */
  | { kind: 'redis.forgot' }
  /** The target asks for less: the limit was cut, and for a while no page starts. */
  | { kind: 'target.overloaded'; batch: string; why: string; limit: number; pausedMs: number }
  /** Nothing comes back from it: one page at a time is tried until one is served. */
  | { kind: 'target.down'; batch: string; probedAgainInMs: number }
  | { kind: 'target.back'; batch: string }
  | { kind: 'target.quiet-hours'; batch: string; until: string }
  /** For the sake of its machine, or because it gets the most done so, this process keeps to so many pages in flight from now on. */
  | { kind: 'worker.slots-changed'; slots: number; of: number; memoryMb: number; reason?: SlotsReason }
  /** Over the memory budget with one page: the browser is replaced when that has ended. */
  | { kind: 'browser.renewed'; memoryMb: number; budgetMb: number }
  /** One went away, or had to be stopped; none of the pages that shared it has an attempt counted for that. */
  | { kind: 'browser.crashed'; reason: string }
  /** One was over its own budget: the next pages get a new one, and it is closed when its last page has ended. */
  | { kind: 'browser.retired'; why: 'memory'; memoryMb: number; budgetMb: number }
  /** It held so much memory that it does not serve again. */
  | { kind: 'page.retired'; why: 'memory' }
  | { kind: 'batch.refused-links'; batch: string; host: string; example: string }
  /** Its margin has been low for a while; said once, until it has recovered. */
  | { kind: 'sla.at-risk'; batch: string; margin: number; etaMs: number; help: string }
  | { kind: 'sla.recovered'; batch: string; margin: number; etaMs: number }
  /** So many soft pages gave what loading them gives: from now on others are not loaded. */
  | { kind: 'batch.soft-began'; batch: string; samples: number }
  /** Every page is loaded, and whole, from now on; with doubt, pages of what was not proven are rendered again. */
  | {
      kind: 'batch.soft-off' | 'batch.block-off' | 'batch.lane-off';
      batch: string;
      reason: string;
      doubt: boolean;
    }
  /** Pages that were read by a short cut and are rendered again. */
  | { kind: 'batch.soft-undone' | 'batch.block-undone' | 'batch.lane-undone'; batch: string; pages: number }
  /** Pages that are loaded at the end, one for each sequence that ended without a comparison. */
  | {
      kind: 'batch.soft-compared' | 'batch.block-compared' | 'batch.lane-compared';
      batch: string;
      pages: number;
    }
  /** With `incremental`: pages are carried over from `base`, or the night is `full`, for this reason; why documents are `notAsked`. */
  | { kind: 'batch.night-planned'; batch: string; base?: string; full?: string; notAsked?: string }
  /** Pages that were carried over and are rendered after all, as is every other from now on, for this reason. */
  | { kind: 'batch.carried-undone'; batch: string; pages: number; reason: string }
  /** A job by which a large dataset is built: a share of the segments is dealt to the partitions, or a partition is written. */
  | { kind: 'partition.began' | 'partition.ended'; batch: string; work: 'split' | 'write'; number: number }
  | { kind: 'delivery.stepped'; batch: string; step: string }
  | { kind: 'batch.delivered'; batch: string; rows: number; files: number; where: string }
  | PageEvent;

export type OnBatchEvent = (event: BatchEvent) => void;
