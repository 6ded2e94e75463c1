/** `thresh status`: the batches of this home, or one of them, now and with --watch until it ends; or the farm, live. */
import { setTimeout as delay } from 'node:timers/promises';
import Table from 'cli-table3';
import { keepPulling, type Share } from '../batch/share.js';
import { type BatchSpec, listSpecs } from '../batch/spec.js';
import { hasEnded, type Standing, standingNow } from '../batch/standings.js';
import { standingOf } from '../batch/steer.js';
import type { RedisHandle } from '../queue/redis.js';
import type { Settings } from '../settings.js';
import { formatDuration } from '../telemetry/duration.js';
import { plainText } from '../telemetry/plain-text.js';
import { aggregationWords, heldByWords, laneWords, percent, timingOf } from '../telemetry/progress-lines.js';
import { createReporter } from '../telemetry/reporter.js';
import type { BatchSnapshot, LaneStanding } from '../telemetry/snapshot.js';
import { withRedis } from './embedded.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { withShare } from './share.js';
import { watchFarm } from './watch-farm.js';

export interface StatusOptions {
  watch?: boolean;
  json?: boolean;
}

const SHOWN = 20;
const LOOK_MS = 500;
/** A store is not asked as often as a disk. */
const SHARED_LOOK_MS = 2_000;

export function status(
  batch: string | undefined,
  options: StatusOptions,
  settings: Settings,
): Promise<ExitCode> {
  return withShare(settings, (share) => look(batch, options, { settings, share }));
}

interface Farm {
  settings: Settings;
  share: Share | undefined;
}

async function look(
  batch: string | undefined,
  options: StatusOptions,
  { settings, share }: Farm,
): Promise<ExitCode> {
  if (batch !== undefined) await standingOf(settings.home, batch, share);
  else if (options.watch === true) return watchAll(options, { settings, share });
  else await share?.pullAll();
  const all = await listSpecs(settings.home);
  const specs = batch === undefined ? all.slice(0, SHOWN) : all.filter((spec) => spec.id === batch);
  const live = (await Promise.all(specs.map((spec) => hasEnded(spec, settings.home)))).includes(false);
  if (!live)
    return show(
      await Promise.all(specs.map((spec) => standingNow(spec, settings.home))),
      options,
      all.length,
    );
  return withRedis(settings, async (redis) => {
    if (options.watch === true && batch !== undefined) return watch(specs, { settings, share }, redis);
    return show(
      await Promise.all(specs.map((spec) => standingNow(spec, settings.home, redis))),
      options,
      all.length,
    );
  });
}

function show(standings: Standing[], { json }: StatusOptions, total: number): ExitCode {
  if (json === true) {
    process.stdout.write(`${JSON.stringify(standings)}\n`);
    return EXIT.ok;
  }
  if (standings.length === 0) {
    process.stdout.write('no batch yet: `thresh run TARGET` makes one\n');
    return EXIT.ok;
  }
  const table = new Table({
    head: ['batch', 'state', 'done', 'pages', 'dead', 'rows', 'ETA', 'margin', ''],
    style: { head: [], border: [] },
  });
  for (const { batch, state, pages, rows, reason, snapshot, margin } of standings) {
    const done = pages === undefined ? '-' : String(pages.frontier - pages.unfinished);
    table.push([
      batch,
      state,
      done,
      pages?.frontier ?? '-',
      pages?.dead ?? '-',
      rows ?? '-',
      snapshot?.etaMs === undefined ? '-' : formatDuration(snapshot.etaMs),
      margin === undefined ? '-' : percent(margin),
      plainText(reason ?? riskOrHeld(snapshot), 60),
    ]);
  }
  process.stdout.write(`${table.toString()}\n`);
  const [only] = standings;
  const timing = standings.length === 1 && only?.snapshot && timingOf(only.snapshot);
  if (timing) process.stdout.write(`${plainText(timing, 1_000)}\n`);
  if (standings.length === 1 && only?.reason !== undefined)
    process.stdout.write(`${plainText(only.reason, 1_000)}\n`);
  for (const line of only === undefined || standings.length > 1 ? [] : workerLines(only))
    process.stdout.write(`${plainText(line, 1_000)}\n`);
  if (total > standings.length && standings.length > 1)
    process.stdout.write(`the latest ${standings.length} of ${total}\n`);
  return EXIT.ok;
}

function workerLines({ snapshot, workers = [] }: Standing): string[] {
  const held = heldByWords(snapshot ?? {}, 'held by: ');
  return [
    ...laneLines(snapshot?.lane),
    ...(held === '' ? [] : [held]),
    ...workers.map(({ worker, slots, concurrency, reason, inFlight, memoryMb, budgetMb }) => {
      const why = reason === undefined ? '' : ` (${reason})`;
      const budget = budgetMb === undefined ? '' : ` of ${budgetMb}`;
      return `worker ${worker}: ${inFlight} in flight, ${slots} of ${concurrency} slots${why}, ${memoryMb}${budget} MB`;
    }),
  ];
}

/** Its kinds where they are not all at the same. */
function laneLines(lane: LaneStanding | undefined): string[] {
  if (lane === undefined) return [];
  const { kinds, stage: whole } = lane;
  const each = kinds.map(
    ({ kind, stage, why }) => `  ${kind}: ${stage}${why === undefined ? '' : `; ${why}`}`,
  );
  const isMixed = whole !== 'off' && kinds.some(({ stage }) => stage !== whole);
  return [`lane ${laneWords(lane)}`, ...(isMixed ? each : [])];
}

async function watchAll(options: StatusOptions, { settings, share }: Farm): Promise<ExitCode> {
  await share?.pullAll();
  const pulling = keepPulling(share);
  return withRedis(settings, (redis) => watchFarm(options, settings, redis)).finally(() => pulling.close());
}

async function watch(specs: BatchSpec[], { settings, share }: Farm, redis: RedisHandle): Promise<ExitCode> {
  const progress = createReporter({
    stream: process.stderr,
    logLevel: settings.logLevel,
    unicode: settings.unicode,
  });
  for (;;) {
    const [now] = await Promise.all(specs.map((spec) => standingNow(spec, settings.home, redis)));
    if (now === undefined) return EXIT.ok;
    if (now.snapshot !== undefined) progress.snapshot(now.snapshot);
    const [spec] = specs;
    if (spec === undefined || (await hasEnded(spec, settings.home))) {
      progress.done(`${now.batch}: ${now.state}`);
      return EXIT.ok;
    }
    await delay(share === undefined ? LOOK_MS : SHARED_LOOK_MS);
    await share
      ?.of(now.batch)
      .pull()
      .catch(() => undefined); // it is away: the next look asks again
  }
}

function riskOrHeld(snapshot: BatchSnapshot | undefined): string {
  if (snapshot === undefined) return '';
  if (snapshot.aggregation !== undefined) return aggregationWords(snapshot.aggregation);
  return snapshot.risk === undefined ? heldByWords(snapshot, 'held by ') : `at risk; ${snapshot.risk}`;
}
