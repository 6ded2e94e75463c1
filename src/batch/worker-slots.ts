/**
 * A process's own limit at work. Twice a second the machine is read and two laws are asked: how many slots it bears
 * (`throttle/machine-limit.ts`), and with how many of these the most is done (`throttle/machine-throughput.ts`). The
 * slots are shared among the crews, so that no crew takes more pages from its queue than the pool has leases for: a
 * page that only waits for a lease would use up its target's limit for nothing. A crew whose pages are fetched without a
 * browser has all the slots that the machine bears, and says nothing of how many pages the browsers bear. What came of
 * it is told to the farm.
 */
import type { BrowserPool } from '../../browser-pool/index.js';
import type { WorkerBoard } from '../queue/worker-board.js';
import { watchCpuPressure } from '../telemetry/cpu-pressure.js';
import { watchEventLoop } from '../telemetry/event-loop.js';
import { memoryBound, watchRoom } from '../telemetry/machine-bounds.js';
import { initialMachine, type MachineReading, nextMachine } from '../throttle/machine-limit.js';
import { initialThroughput, nextThroughput, type SlotsReason } from '../throttle/machine-throughput.js';
import { shareSlots } from '../throttle/share-slots.js';
import type { Crew } from './crew.js';
import type { OnBatchEvent } from './events.js';

export interface WorkerSlotsOptions {
  /** Unique among all processes of the farm. */
  worker: string;
  concurrency: number;
  /** Slots to begin with; default `concurrency`. */
  beginAt?: number;
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
  let throughput = initialThroughput({
    slots: Math.min(concurrency, options.beginAt ?? concurrency),
    nowMs: performance.now(),
  });
  let said = throughput.kept;
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
    const nowMs = performance.now();
    const reading = read();
    const before = throughput;
    machine = nextMachine(machine, reading, { concurrency, inUse: before.room, nowMs });
    throughput = nextThroughput(before, work(), {
      most: machine.slots,
      least: Math.ceil(reading.cpus),
      nowMs,
    });
    if (throughput.room !== before.room) pool.resize(throughput.room);
    sayChange();
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

  function work(): { completed: number; isBound: boolean } {
    const all = [...crews.values()];
    return {
      completed: all.reduce((sum, crew) => sum + crew.completed(), 0),
      isBound: all.some((crew) => crew.isBound() && !crew.isFetching()),
    };
  }

  /** Of what is kept; a trial passes. */
  function sayChange(): void {
    const slots = Math.min(machine.slots, throughput.kept);
    if (slots === said) return;
    said = slots;
    onEvent({
      kind: 'worker.slots-changed',
      slots,
      of: concurrency,
      memoryMb: Math.round(memoryMb),
      ...reason(),
    });
  }

  function reason(): { reason?: SlotsReason } {
    const { slots, reason: lacks } = machine;
    if (lacks !== undefined && slots <= throughput.kept) return { reason: lacks };
    if (throughput.kept >= concurrency) return {};
    return { reason: throughput.isFound ? 'throughput' : 'finding' };
  }

  function shareOut(): void {
    const all = [...crews.values()].filter((crew) => !crew.isFetching());
    for (const crew of crews.values()) if (crew.isFetching()) crew.resize(machine.slots);
    const shares = shareSlots(
      throughput.slots,
      all.map((crew) => crew.wants()),
    );
    for (const [at, crew] of all.entries()) crew.resize(shares[at] ?? 1);
  }

  function tell(): Promise<void> {
    const targets = Object.fromEntries(
      [...crews].map(([target, crew]) => [target, { slots: crew.size(), inFlight: crew.inFlight() }]),
    );
    return board.tell({
      worker,
      concurrency,
      slots: throughput.slots,
      ...reason(),
      inFlight: Object.values(targets).reduce((sum, { inFlight }) => sum + inFlight, 0),
      targets,
      memoryMb: Math.round(memoryMb),
      cpuSeconds: Math.round((ownCpuSeconds() + pool.stats().cpuSeconds) * 100) / 100,
      ...(Number.isFinite(budgetMb) ? { budgetMb } : {}),
    });
  }

  pool.resize(throughput.room);
  const timer = setInterval(look, LOOK_MS);
  return {
    shareOut() {
      toldAtMs = Number.NEGATIVE_INFINITY; // the CPU that it has taken by now is nobody's of the new crew
      shareOut();
    },
    close() {
      clearInterval(timer);
      loop.close();
      board.leave(worker).catch(() => undefined); // without Redis it is forgotten soon, too
    },
  };
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Infinity: no bound. */
export function memoryBudgetMb(maxMemoryMb: number | undefined): number {
  if (maxMemoryMb === 0) return Number.POSITIVE_INFINITY;
  return maxMemoryMb ?? Math.floor(memoryBound().value * BUDGET_SHARE);
}
