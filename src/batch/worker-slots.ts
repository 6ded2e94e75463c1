/**
 * A process's own limit at work. Twice a second the machine is read and the law asked (`throttle/machine-limit.ts`);
 * its slots bound the pool's leases and are shared among the crews, so that no crew takes more pages from its queue
 * than the pool has leases for: a page that only waits for a lease would use up its target's limit for nothing. What
 * came of it is told to the farm.
 */
import type { BrowserPool } from '../../browser-pool/index.js';
import type { WorkerBoard } from '../queue/worker-board.js';
import { watchCpuPressure } from '../telemetry/cpu-pressure.js';
import { watchEventLoop } from '../telemetry/event-loop.js';
import { memoryBound, watchRoom } from '../telemetry/machine-bounds.js';
import { initialMachine, type MachineReading, nextMachine } from '../throttle/machine-limit.js';
import { shareSlots } from '../throttle/share-slots.js';
import type { Crew } from './crew.js';
import type { OnBatchEvent } from './events.js';

export interface WorkerSlotsOptions {
  /** Unique among all processes of the farm. */
  worker: string;
  concurrency: number;
  /** For this process and its browsers; 0: no bound; undefined: `BUDGET_SHARE` of what there is. */
  maxMemoryMb: number | undefined;
  pool: BrowserPool;
  board: WorkerBoard;
  /** By target; they come and are not gone before the process is. */
  crews: ReadonlyMap<string, Crew>;
  onEvent: OnBatchEvent;
}

export interface WorkerSlots {
  /** To be called when there is a crew more. */
  shareOut(): void;
  close(): void;
}

const LOOK_MS = 500;
const TELL_MS = 1_000;
const BUDGET_SHARE = 0.8;

export function keepSlots(options: WorkerSlotsOptions): WorkerSlots {
  const { worker, concurrency, pool, board, crews, onEvent } = options;
  const loop = watchEventLoop();
  const pressure = watchCpuPressure();
  const room = watchRoom();
  const budgetMb = memoryBudgetMb(options.maxMemoryMb);
  let machine = initialMachine({ concurrency, nowMs: performance.now() });
  let memoryMb = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let telling: Promise<void> | undefined;

  function read(): MachineReading {
    memoryMb = process.memoryUsage.rss() / 2 ** 20 + pool.stats().memoryMb;
    return {
      lagMs: loop.lagMs(LOOK_MS),
      cpuPressure: pressure(),
      usedMb: memoryMb,
      budgetMb,
      ...room(),
    };
  }

  function look(): void {
    const before = machine;
    const nowMs = performance.now();
    machine = nextMachine(machine, read(), { concurrency, nowMs });
    const { slots, reason } = machine;
    if (slots !== before.slots) {
      const why = reason === undefined ? {} : { reason };
      onEvent({
        kind: 'worker.slots-changed',
        slots,
        of: concurrency,
        memoryMb: Math.round(memoryMb),
        ...why,
      });
      pool.resize(slots);
    }
    if (machine.renewBrowser) {
      onEvent({ kind: 'browser.renewed', memoryMb: Math.round(memoryMb), budgetMb });
      pool.renew();
    }
    shareOut();
    if (nowMs - toldAtMs < TELL_MS || telling !== undefined) return;
    toldAtMs = nowMs;
    telling = tell()
      .catch(() => undefined) // Redis is away: the next look tells it again
      .finally(() => {
        telling = undefined;
      });
  }

  function shareOut(): void {
    const all = [...crews.values()];
    const shares = shareSlots(
      machine.slots,
      all.map((crew) => crew.wants()),
    );
    for (const [at, crew] of all.entries()) crew.resize(shares[at] ?? 1);
  }

  function tell(): Promise<void> {
    const targets = Object.fromEntries(
      [...crews].map(([target, crew]) => [target, { slots: crew.size(), inFlight: crew.inFlight() }]),
    );
    const { slots, reason } = machine;
    return board.tell({
      worker,
      concurrency,
      slots,
      ...(reason === undefined ? {} : { reason }),
      inFlight: Object.values(targets).reduce((sum, { inFlight }) => sum + inFlight, 0),
      targets,
      memoryMb: Math.round(memoryMb),
      ...(Number.isFinite(budgetMb) ? { budgetMb } : {}),
    });
  }

  const timer = setInterval(look, LOOK_MS);
  return {
    shareOut,
    close() {
      clearInterval(timer);
      loop.close();
      board.leave(worker).catch(() => undefined); // without Redis it is forgotten soon, too
    },
  };
}

/** Infinity: no bound. */
export function memoryBudgetMb(maxMemoryMb: number | undefined): number {
  if (maxMemoryMb === 0) return Number.POSITIVE_INFINITY;
  return maxMemoryMb ?? Math.floor(memoryBound().value * BUDGET_SHARE);
}
