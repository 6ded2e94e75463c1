/** A whole farm at a glance: the last nights of each target, what runs, who works, what waits to be told. */
import { countAlerts, openAlertQueue } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import { createWorkerBoard, type WorkerStanding } from '../queue/worker-board.js';
import { openCatalogue } from './catalogue.js';
import { isEnd } from './journal.js';
import { type Night, nightsOf } from './nights.js';
import { type Standing, standingNow } from './standings.js';

export interface FarmLook {
  /** ISO. */
  at: string;
  /** False: Redis is away, and only what stands in files is told. */
  hasRedis: boolean;
  /** `YYYY-MM-DD`, the latest last. */
  dates: string[];
  /** By name; a night for each of `dates`, null where there was none. */
  targets: { target: string; nights: (Night | null)[] }[];
  running: Standing[];
  workers: WorkerStanding[];
  alerts: { waiting: number; givenUp: number };
}

/** Made to be asked every second. */
export interface FarmEye {
  look(): Promise<FarmLook>;
  close(): Promise<void>;
}

const NIGHTS = 14;
const DAY_MS = 24 * 3_600_000;

export function openFarmEye(home: string, redis: RedisHandle): FarmEye {
  const catalogue = openCatalogue(home);
  const alerts = openAlertQueue(redis);
  const workers = createWorkerBoard(redis.client);

  return {
    async look() {
      const nowMs = Date.now();
      const hasRedis = redis.client.status === 'ready';
      const entries = await catalogue.entries();
      const dates = lastDates(
        nowMs,
        entries.map(({ spec }) => spec.date),
      );
      const unended = entries.filter(({ state }) => !isEnd(state));
      const running = await Promise.all(
        unended.map(({ spec }) => standingNow(spec, home, hasRedis ? redis : undefined)),
      );
      const paused = new Set(running.flatMap(({ batch, state }) => (state === 'paused' ? batch : [])));
      const onDate = (nights: readonly Night[], date: string): Night | null => {
        const night = nights.find((one) => one.date === date);
        if (night === undefined) return null;
        return paused.has(night.batch) ? { ...night, verdict: 'paused' } : night;
      };
      return {
        at: new Date(nowMs).toISOString(),
        hasRedis,
        dates,
        targets: nightsOf(entries, dates[0] ?? '').map(({ target, nights }) => ({
          target,
          nights: dates.map((date) => onDate(nights, date)),
        })),
        running: running.filter(({ state }) => !['delivered', 'held', 'failed', 'cancelled'].includes(state)),
        workers: hasRedis ? await workers.standing() : [],
        alerts: hasRedis ? await countAlerts(alerts) : { waiting: 0, givenUp: 0 },
      };
    },
    close: () => alerts.close(),
  };
}

/** Up to today, or tomorrow where a zone is there already. */
function lastDates(nowMs: number, known: readonly string[]): string[] {
  const dateAt = (days: number): string => new Date(nowMs + days * DAY_MS).toISOString().slice(0, 10);
  const last = known.includes(dateAt(1)) ? 1 : 0;
  return Array.from({ length: NIGHTS }, (_, at) => dateAt(last - NIGHTS + 1 + at));
}
