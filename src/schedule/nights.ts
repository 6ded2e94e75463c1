/**
 * A worker's part in the schedules: keeps Redis in step with the folder of targets, and begins the batches whose time has
 * come. Any number of workers may do so: BullMQ gives each time to one of them.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { DelayedError, type Job, Worker } from 'bullmq';
import { NIGHT_QUEUE, PREFIX } from '../queue/keys.js';
import { type NightJob, openNightQueue } from '../queue/queues.js';
import { beginNight, type Elder, type NightDeps } from './begin-night.js';
import { applyChanges, changesOf, readStanding, readWanted, repeatStrategy, takenOff } from './schedules.js';

export interface NightsOptions extends NightDeps {
  /** Absolute. */
  targetsDir: string;
  /** Only these; all when empty. */
  targets: readonly string[];
}

export interface Nights {
  /** Begins no more. */
  close(): Promise<void>;
}

const LOOK_MS = 5_000;
/** Also when no file has changed: Redis may have forgotten. */
const EVERY_LOOKS = 12;
const NOT_OURS_MS = 1_000;
const AT_ONCE = 4;

/** The schedules are in step when this returns, unless Redis is away: then as soon as it is back. */
export async function startNights(options: NightsOptions): Promise<Nights> {
  const { redis, targetsDir, onEvent } = options;
  const queue = openNightQueue(redis, repeatStrategy);
  const isOurs = (target: string): boolean =>
    options.targets.length === 0 || options.targets.includes(target);
  const told = new Map<string, string>();
  let known: Awaited<ReturnType<typeof readWanted>> | undefined;
  let signature = '';
  let looks = 0;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const now = await signatureOf(targetsDir);
    const isDue = looks++ % EVERY_LOOKS === 0;
    if (now === signature && !isDue) return;
    if (now !== signature || known === undefined) known = await readWanted(targetsDir);
    const off = await takenOff(redis);
    const wanted = known.wanted.filter(({ target }) => isOurs(target) && !off.has(target));
    const ownFile = (file: string): boolean => path.dirname(file) === path.resolve(targetsDir);
    const changes = changesOf(
      { wanted, refused: known.refused },
      await readStanding(redis),
      ({ target, file }) => isOurs(target) && ownFile(file),
    );
    await applyChanges(changes, redis);
    for (const change of changes) {
      const { kind, target } = change;
      const to = kind === 'remove' ? {} : { cron: change.to.schedule.cron, tz: change.to.schedule.tz };
      onEvent({ kind: 'schedule.changed', target, change: kind, ...to });
    }
    for (const { target, reason } of known.refused) {
      if (told.get(target) !== reason) onEvent({ kind: 'schedule.refused', target, reason });
      told.set(target, reason);
    }
    signature = now;
  }

  function lookOnce(): Promise<void> {
    looking ??= look()
      .catch(() => undefined) // Redis is away: the next look asks again
      .finally(() => {
        looking = undefined;
      });
    return looking;
  }

  async function process(job: Job<NightJob>, token: string | undefined): Promise<void> {
    const { target } = job.data;
    if (!isOurs(target)) return putBack(job, token, NOT_OURS_MS);
    const dueMs = (job.opts as { prevMillis?: number }).prevMillis ?? job.timestamp;
    const outcome = await beginNight({ ...job.data, dueMs, elder: () => elderOf(job) }, options);
    if (outcome.done) return;
    if (outcome.waits && job.data.waitsSinceMs === undefined)
      await job.updateData({ ...job.data, waitsSinceMs: Date.now() });
    return putBack(job, token, outcome.afterMs);
  }

  async function elderOf({ id, data }: Job<NightJob>): Promise<Elder> {
    if (data.waitsSinceMs !== undefined) return 'none';
    const others = await queue.getJobs(['delayed', 'waiting', 'active']);
    const elder = others.find(
      (other) =>
        other.id !== id && other.data.target === data.target && other.data.waitsSinceMs !== undefined,
    );
    if (elder === undefined) return 'none';
    return ['delayed', 'waiting'].includes(await elder.getState()) ? 'waits' : 'at hand';
  }

  await lookOnce();
  const timer = setInterval(() => void lookOnce(), LOOK_MS);
  const worker = new Worker<NightJob>(NIGHT_QUEUE, process, {
    connection: redis.connection,
    prefix: PREFIX,
    concurrency: AT_ONCE,
    settings: { repeatStrategy },
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  });
  worker.on('error', () => undefined); // lost links are told by the handle's own client

  return {
    async close() {
      clearInterval(timer);
      await looking;
      await worker.close();
      await queue.close();
    },
  };
}

/** Changes when a file of the folder does. */
async function signatureOf(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).sort();
  const stats = await Promise.all(
    names.map(async (name) => {
      const found = await stat(path.join(folder, name)).catch(() => undefined); // gone just now
      return `${name} ${found?.mtimeMs} ${found?.size}`;
    }),
  );
  return stats.join('\n');
}

async function putBack(job: Job<NightJob>, token: string | undefined, afterMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + afterMs, token);
  throw new DelayedError();
}
