/** What the server shows of a farm and does for people: reads files and Redis, and hands batches to the workers. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { workFiles } from '../batch/aggregating.js';
import { type Entry, openCatalogue } from '../batch/catalogue.js';
import { loadChecked } from '../batch/context.js';
import { freshFor } from '../batch/fresh-for.js';
import { isEnd } from '../batch/journal.js';
import { nightsOf } from '../batch/nights.js';
import { dateIn, enqueueBatch, openBatch } from '../batch/open-batch.js';
import { keepPulling, type Share } from '../batch/share.js';
import { batchFiles } from '../batch/spec.js';
import { readReport, type Standing, standingNow } from '../batch/standings.js';
import { release, retryDead, standingOf, steer } from '../batch/steer.js';
import { groupDead, summariseQuarantine } from '../batch/summaries.js';
import { readTimeline } from '../batch/timeline.js';
import { openDestination } from '../delivery/destination.js';
import { countAlerts, openAlertQueue } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import { createWorkerBoard } from '../queue/worker-board.js';
import { readStanding } from '../schedule/schedules.js';
import type { S3Settings } from '../store/s3-store.js';
import { listTargets } from '../target/find.js';
import { heldByWords } from '../telemetry/progress-lines.js';
import { compareForView } from './compare.js';
import type { Seen } from './metrics.js';
import type { BatchView, DiffAsked, DiffView, FarmStanding, NightsView } from './schemas.js';

export interface FarmViewOptions {
  home: string;
  /** Absolute. */
  targetsDir: string;
  redis: RedisHandle;
  s3: S3Settings;
  /** The store of a farm of several machines. */
  share?: Share | undefined;
  /** Where a target's datasets go that names no place of its own. */
  outOf: (deliverTo: string | undefined) => string;
}

export type FarmView = ReturnType<typeof createFarmView>;

const DAY_MS = 24 * 3_600_000;
const FARM_MOMENT_MS = 800;
const SCHEDULES_MOMENT_MS = 5_000;

export function createFarmView({ home, targetsDir, redis, s3, share, outOf }: FarmViewOptions) {
  const catalogue = openCatalogue(home);
  const alerts = openAlertQueue(redis);
  const schedules = freshFor(SCHEDULES_MOMENT_MS, () => readStanding(redis));
  /** However many look on. */
  const farm = freshFor(FARM_MOMENT_MS, readFarm);
  const pulling = keepPulling(share);
  let comparing: Promise<unknown> = Promise.resolve();

  async function viewOf(entry: Entry): Promise<BatchView> {
    return isEnd(entry.state) ? endedView(entry) : runningView(await standingNow(entry.spec, home, redis));
  }

  async function entryOf(id: string): Promise<Entry | undefined> {
    return (await catalogue.entries()).find(({ spec }) => spec.id === id);
  }

  /** Throws USAGE when there is none. */
  async function knownEntry(id: string): Promise<Entry> {
    const entry = await entryOf(id);
    if (entry !== undefined) return entry;
    await standingOf(home, id);
    throw new Error(`${id} was removed at this moment`);
  }

  async function running(): Promise<BatchView[]> {
    const entries = (await catalogue.entries()).filter(({ state }) => !isEnd(state));
    return Promise.all(entries.map(viewOf));
  }

  /** Those that run, and of each target the last one that has ended: a scrape looks at no more. */
  async function seen(): Promise<Seen> {
    const last = new Map<string, BatchView>();
    const deliveredAtMs = new Map<string, number>();
    for (const entry of await catalogue.entries()) {
      const { spec, state, at = '' } = entry;
      if (!isEnd(state)) continue;
      if (!last.has(spec.target)) last.set(spec.target, endedView(entry));
      if (state === 'delivered' && !deliveredAtMs.has(spec.target))
        deliveredAtMs.set(spec.target, Date.parse(at));
    }
    const workers = await createWorkerBoard(redis.client).standing();
    return { batches: [...(await running()), ...last.values()], workers, deliveredAtMs };
  }

  async function targets(): Promise<FarmStanding['targets']> {
    const [files, standing] = await Promise.all([listTargets(targetsDir), schedules()]);
    const scheduled = new Map(standing.map((one) => [one.target, one]));
    return files.map(({ name }) => {
      const { nextMs, tz } = scheduled.get(name) ?? {};
      return {
        target: name,
        ...(nextMs === undefined ? {} : { next: new Date(nextMs).toISOString() }),
        ...(tz === undefined ? {} : { tz }),
      };
    });
  }

  async function readFarm(): Promise<FarmStanding> {
    const [now, workers, standing, letters] = await Promise.all([
      running(),
      createWorkerBoard(redis.client).standing(),
      targets(),
      countAlerts(alerts),
    ]);
    return { running: now, workers, targets: standing, alerts: letters };
  }

  return {
    async close() {
      await pulling.close();
      await alerts.close();
    },
    viewOf: async (id: string) => viewOf(await knownEntry(id)),
    seen,
    /** Reads what there is, so that the first who asks need not wait for it. */
    async warmUp(): Promise<void> {
      await share?.pullAll();
      await catalogue.entries();
    },
    farm,
    /** The last `days` days, to the latest one that has a batch, or to today. */
    async nights(days: number): Promise<NightsView> {
      const entries = await catalogue.entries();
      const today = new Date().toISOString().slice(0, 10);
      const latest =
        entries
          .map(({ spec }) => spec.date)
          .toSorted()
          .at(-1) ?? today;
      const isRecent = Date.parse(today) - Date.parse(latest) < days * DAY_MS;
      const end = Date.parse(isRecent && today > latest ? today : latest);
      const dates = Array.from({ length: days }, (_, at) =>
        new Date(end - at * DAY_MS).toISOString().slice(0, 10),
      );
      return { dates, targets: nightsOf(entries, dates.at(-1) ?? latest), batches: entries.length };
    },
    async timeline(id: string, most: number) {
      await knownEntry(id);
      return readTimeline(batchFiles(home, id).timeline, most);
    },
    /** Undefined when it was not kept, or is gone. */
    async artifact(id: string, name: string): Promise<string | undefined> {
      await knownEntry(id);
      const file = path.join(batchFiles(home, id).dir, 'artifacts', name);
      return (await stat(file).catch(() => undefined))?.isFile() === true ? file : undefined;
    },
    async list({
      target,
      state,
      limit,
      offset,
    }: {
      target?: string;
      state?: string;
      limit: number;
      offset: number;
    }) {
      const entries = (await catalogue.entries()).filter(
        ({ spec }) => target === undefined || spec.target === target,
      );
      if (state === undefined) {
        const page = entries.slice(offset, offset + limit);
        return { batches: await Promise.all(page.map(viewOf)), total: entries.length };
      }
      // Of what runs only its own look says whether it is paused.
      const views = await Promise.all(
        entries.filter((entry) => !isEnd(entry.state) || entry.state === state).map(viewOf),
      );
      const found = views.filter((view) => view.state === state);
      return { batches: found.slice(offset, offset + limit), total: found.length };
    },
    report: async (id: string) => readReport(home, (await knownEntry(id)).spec),
    async failures(id: string) {
      await knownEntry(id);
      return { causes: await groupDead(workFiles(batchFiles(home, id)).dead) };
    },
    /** Against the dataset of the date before, unless another batch is named. One after the other: each may take minutes. */
    async diff(id: string, asked: DiffAsked): Promise<DiffView> {
      const { spec } = await knownEntry(id);
      const compare = () => compareForView(spec.id, asked, { home, out: outOf(undefined), s3 });
      const mine = comparing.then(compare, compare);
      comparing = mine.catch(() => undefined);
      return mine;
    },
    async quarantine(id: string) {
      await knownEntry(id);
      return { causes: await summariseQuarantine(workFiles(batchFiles(home, id)).quarantined) };
    },
    /** Throws TARGET_INVALID, USAGE. */
    async open({ target: name, date: given, limit }: { target: string; date?: string; limit?: number }) {
      const target = await loadChecked(name, targetsDir);
      const { schedule, deliver } = target.definition;
      const date = given ?? dateIn(schedule?.tz ?? 'UTC', new Date());
      const out = outOf(deliver?.to);
      const destination = await openDestination(out, s3);
      await destination.probe().finally(() => destination.close());
      const request = { home, target, date, out, share, ...(limit === undefined ? {} : { limit }) };
      const { spec, resumedFrom } = await openBatch(request, redis);
      return { batch: spec.id, date, resumed: resumedFrom !== undefined };
    },
    async steer(id: string, to: 'pause' | 'run' | 'cancel') {
      await steer(home, id, to, redis, share);
    },
    async retry(id: string) {
      await retryDead(home, id, share);
      await enqueueBatch(id, redis);
    },
    async release(id: string) {
      await release(home, id, share);
      await enqueueBatch(id, redis);
    },
  };
}

function endedView({ spec, state, at, reason, books }: Entry): BatchView {
  return {
    batch: spec.id,
    target: spec.target,
    date: spec.date,
    state,
    ended: true,
    since: spec.createdAt,
    ...(at === undefined ? {} : { until: at }),
    ...(reason === undefined ? {} : { reason }),
    ...(books === undefined ? {} : { pages: books.pages, rows: books.rows.delivered }),
    ...(books?.margin === undefined ? {} : { margin: books.margin }),
    ...(books === undefined ? {} : { quarantined: books.rows.quarantined }),
  };
}

function runningView({ snapshot, workers, pages, rows, ...named }: Standing): BatchView {
  const held = snapshot?.heldBy;
  return {
    ...named,
    ended: isEnd(named.state as Entry['state']),
    ...(pages === undefined ? {} : { pages }),
    ...(rows === undefined ? {} : { rows }),
    ...(snapshot === undefined
      ? {}
      : {
          since: snapshot.since,
          quarantined: snapshot.quarantined,
          retries: snapshot.retries,
          pagesPerSecond: snapshot.pagesPerSecond,
          inFlight: snapshot.inFlight,
          limit: snapshot.limit,
          ...(snapshot.lane === undefined ? {} : { lane: snapshot.lane }),
          ...given(snapshot, ['etaMs', 'paced', 'risk', 'p50Ms', 'p99Ms']),
          ...(held === undefined ? {} : { heldBy: heldByWords({ heldBy: held }, '') }),
        }),
    ...(workers === undefined ? {} : { workers }),
  };
}

function given<T extends object, K extends keyof T>(from: T, names: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(
    names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])),
  ) as Partial<Pick<T, K>>;
}
