/**
 * What the processes of a farm tell each other of themselves: their slots, pages in flight, and why there are not more.
 * Each tells it about once a second; whoever is silent for longer than `KNOWN_MS` counts no more. Redis's own clock
 * decides, so that the machines of a farm need not agree on the time.
 */
import type { Redis } from 'ioredis';
import { WORKERS } from './keys.js';

export interface WorkerStanding {
  /** Unique among all processes of the farm. */
  worker: string;
  /** Pages at once, at most, that it was started with. */
  concurrency: number;
  /** Pages at once that it takes now. */
  slots: number;
  /** Why these are fewer: `memory`, `event-loop`, `cpu`, `finding`, `throughput`. */
  reason?: string;
  inFlight: number;
  /** Its part for each target that it works for. */
  targets: Record<string, { slots: number; inFlight: number }>;
  /** Memory of the process and its browsers. */
  memoryMb: number;
  /** Most that it should be; not there without a bound. */
  budgetMb?: number;
  /** CPU time of the process and its browsers since it began. */
  cpuSeconds: number;
}

export interface WorkerBoard {
  tell(standing: WorkerStanding): Promise<void>;
  leave(worker: string): Promise<void>;
  /** Of all who have told of themselves lately, by name. */
  standing(): Promise<WorkerStanding[]>;
}

const KNOWN_MS = 10_000;
const FORGOTTEN_MS = 60_000;

/** KEYS workers; ARGV worker, JSON. */
const TELL = `
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], time[1] .. ' ' .. ARGV[2])`;

export function createWorkerBoard(client: Redis): WorkerBoard {
  return {
    async tell(standing) {
      await client.eval(TELL, 1, WORKERS, standing.worker, JSON.stringify(standing));
    },
    async leave(worker) {
      await client.hdel(WORKERS, worker);
    },
    async standing() {
      const [[seconds], told] = await Promise.all([client.time(), client.hgetall(WORKERS)]);
      const known: WorkerStanding[] = [];
      for (const [worker, text] of Object.entries(told)) {
        const silentMs = (Number(seconds) - Number.parseInt(text, 10)) * 1_000;
        if (silentMs > FORGOTTEN_MS) await client.hdel(WORKERS, worker);
        if (silentMs <= KNOWN_MS) known.push(JSON.parse(text.slice(text.indexOf(' '))) as WorkerStanding);
      }
      return known.toSorted((one, other) => (one.worker < other.worker ? -1 : 1));
    },
  };
}
