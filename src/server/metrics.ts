/**
 * `/metrics` for Prometheus: how the batches and the workers stand at the moment of the scrape. Gauges, since a batch is
 * counted by the farm and not by this process; names and units by Prometheus's conventions.
 */
import { Gauge, Registry } from 'prom-client';
import type { WorkerStanding } from '../queue/worker-board.js';
import type { BatchView } from './schemas.js';

export interface Seen {
  /** Those that run, and of each target the last one that has ended. */
  batches: readonly BatchView[];
  workers: readonly WorkerStanding[];
  /** Epoch ms at which each target's last dataset was delivered. */
  deliveredAtMs: ReadonlyMap<string, number>;
}

const PAGE_STATES = ['completed', 'gone', 'skipped', 'dead', 'unfinished'] as const;
const LANE_STAGES = ['learning', 'fetching', 'not-learned', 'off'] as const;
const END_STATES = ['delivered', 'held', 'failed', 'cancelled'] as const;

export async function metricsOf({
  batches,
  workers,
  deliveredAtMs,
}: Seen): Promise<{ type: string; text: string }> {
  const registry = new Registry();
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[]): Gauge<T> =>
    new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
  const running = batches.filter(({ ended }) => !ended);

  const count = gauge('thresh_batches_running', 'Batches that have not ended, by target.', ['target']);
  const pages = gauge('thresh_batch_pages', 'Pages of a running batch, by outcome.', ['target', 'outcome']);
  const rows = gauge('thresh_batch_rows', 'Rows that a running batch has read.', ['target']);
  const lane = gauge('thresh_batch_lane_pages', 'Completed pages of a running batch, fetched and rendered.', [
    ...(['target', 'by'] as const),
  ]);
  const stage = gauge(
    'thresh_batch_lane_stage',
    '1 for the stage that the data lane of a running batch is in.',
    [...(['target', 'stage'] as const)],
  );
  const rate = gauge('thresh_batch_pages_per_second', 'Pages a second of a running batch.', ['target']);
  const inFlight = gauge('thresh_target_pages_in_flight', 'Pages that are at the target.', ['target']);
  const limit = gauge('thresh_target_pages_limit', 'Pages in flight that the target bears.', ['target']);
  const eta = gauge('thresh_batch_eta_seconds', 'Seconds until a running batch is done.', ['target']);
  const margin = gauge('thresh_batch_sla_margin_ratio', '1 - run time / window, projected.', ['target']);
  for (const one of running) {
    const { target } = one;
    count.inc({ target });
    for (const outcome of PAGE_STATES) if (one.pages) pages.set({ target, outcome }, one.pages[outcome]);
    if (one.rows !== undefined) rows.set({ target }, one.rows);
    for (const by of ['fetched', 'rendered'] as const) if (one.lane) lane.set({ target, by }, one.lane[by]);
    for (const name of LANE_STAGES)
      if (one.lane) stage.set({ target, stage: name }, one.lane.stage === name ? 1 : 0);
    if (one.pagesPerSecond !== undefined) rate.set({ target }, one.pagesPerSecond);
    if (one.inFlight !== undefined) inFlight.set({ target }, one.inFlight);
    if (one.limit !== undefined) limit.set({ target }, one.limit);
    if (one.etaMs !== undefined) eta.set({ target }, one.etaMs / 1_000);
    if (one.margin !== undefined) margin.set({ target }, one.margin);
  }

  const last = gauge('thresh_last_batch_state', "1 for the state in which a target's last batch ended.", [
    'target',
    'state',
  ]);
  const lastRows = gauge('thresh_last_batch_rows', "Rows that a target's last batch delivered.", ['target']);
  for (const one of batches) {
    if (!one.ended) continue;
    for (const state of END_STATES) last.set({ target: one.target, state }, one.state === state ? 1 : 0);
    if (one.state === 'delivered' && one.rows !== undefined) lastRows.set({ target: one.target }, one.rows);
  }
  const delivered = gauge(
    'thresh_last_delivery_timestamp_seconds',
    "When a target's last dataset was delivered.",
    ['target'],
  );
  for (const [target, atMs] of deliveredAtMs) delivered.set({ target }, atMs / 1_000);

  const slots = gauge('thresh_worker_slots', 'Pages at once that a worker takes now.', ['worker']);
  const memory = gauge('thresh_worker_memory_bytes', 'Memory of a worker and its browsers.', ['worker']);
  const budget = gauge('thresh_worker_memory_limit_bytes', 'Most memory that it should take.', ['worker']);
  const atWork = gauge('thresh_worker_pages_in_flight', 'Pages that a worker has at the targets.', [
    'worker',
  ]);
  for (const { worker, slots: takes, memoryMb, budgetMb, inFlight: has } of workers) {
    slots.set({ worker }, takes);
    memory.set({ worker }, memoryMb * 1e6);
    if (budgetMb !== undefined) budget.set({ worker }, budgetMb * 1e6);
    atWork.set({ worker }, has);
  }
  return { type: registry.contentType, text: await registry.metrics() };
}
