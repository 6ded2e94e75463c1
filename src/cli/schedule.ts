/** `thresh schedule`: when the targets run next; Redis brought in step with their files; one taken off. */
import Table from 'cli-table3';
import { lastEntry } from '../batch/journal.js';
import { batchFiles, listSpecs } from '../batch/spec.js';
import { ThreshError } from '../errors.js';
import type { RedisHandle } from '../queue/redis.js';
import { clockIn, nextRuns } from '../schedule/next-runs.js';
import {
  applyChanges,
  type Change,
  changesOf,
  putBack,
  readStanding,
  readWanted,
  type Standing,
  takenOff,
  takeOff,
  type Wanted,
} from '../schedule/schedules.js';
import type { Settings } from '../settings.js';
import { nearest } from '../target/suggest.js';
import { formatDuration } from '../telemetry/duration.js';
import { plainText } from '../telemetry/plain-text.js';
import { withRedis } from './embedded.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** How a target's schedule stands: in Redis as in its file, not (yet) there, otherwise there, off, or without a file. */
type Step = 'in step' | 'to be synced' | 'off' | 'no such target';

interface Line {
  target: string;
  cron: string;
  tz: string;
  overlap?: string;
  missed?: string;
  /** ISO. */
  next: string[];
  standing: Step;
  last?: { batch: string; state: string };
}

export async function listSchedules(
  { next = 1, json }: { next?: number; json?: boolean },
  settings: Settings,
): Promise<ExitCode> {
  const { wanted, refused } = await readWanted(settings.targets);
  const { standing, off } = await withRedis(settings, async (redis) => ({
    standing: await readStanding(redis),
    off: await takenOff(redis),
  }));
  const last = await lastBatches(settings.home);
  const nowMs = Date.now();
  const lines = [
    ...wanted.map((one) => lineOf(one, { standing, off, nowMs, next })),
    ...standing.filter(({ target }) => !wanted.some((one) => one.target === target)).map(strayOf),
  ].map((line) => {
    const before = last.get(line.target);
    return before === undefined ? line : { ...line, last: before };
  });
  lines.sort((a, b) => (a.target < b.target ? -1 : 1));
  if (json === true) process.stdout.write(`${JSON.stringify({ schedules: lines, refused })}\n`);
  else show(lines, nowMs, settings.targets);
  for (const { target, reason } of json === true ? [] : refused)
    process.stderr.write(`thresh: ${target} cannot be loaded: ${plainText(reason, 500)}\n`);
  return EXIT.ok;
}

export async function syncSchedules({ dryRun }: { dryRun?: boolean }, settings: Settings): Promise<ExitCode> {
  const read = await readWanted(settings.targets);
  return withRedis(settings, async (redis) => {
    const changes = changesOf(read, await readStanding(redis), () => true);
    for (const change of changes) process.stdout.write(`${differenceOf(change)}\n`);
    if (changes.length === 0) process.stdout.write('all in step\n');
    for (const { target, reason } of read.refused)
      process.stderr.write(
        `thresh: ${target} cannot be loaded and stays as it is: ${plainText(reason, 500)}\n`,
      );
    if (dryRun === true) return EXIT.ok;
    await putBack(
      read.wanted.map(({ target }) => target),
      redis,
    );
    await applyChanges(changes, redis);
    return read.refused.length === 0 ? EXIT.ok : EXIT.failed;
  });
}

/** Throws USAGE when it has no schedule. */
export async function removeSchedule(target: string, settings: Settings): Promise<ExitCode> {
  return withRedis(settings, async (redis) => {
    if (!(await isKnown(target, settings, redis))) {
      const names = (await readStanding(redis)).map((one) => one.target);
      const near = nearest(target, names);
      throw new ThreshError(`"${target}" has no schedule`, {
        code: 'USAGE',
        scope: 'batch',
        mend: near === undefined ? '`thresh schedule` lists them' : `did you mean "${near}"?`,
      });
    }
    await takeOff(target, redis);
    process.stdout.write(`${target} is taken off; \`thresh schedule sync\` puts it back\n`);
    return EXIT.ok;
  });
}

async function isKnown(target: string, settings: Settings, redis: RedisHandle): Promise<boolean> {
  if ((await readStanding(redis)).some((one) => one.target === target)) return true;
  return (await readWanted(settings.targets)).wanted.some((one) => one.target === target);
}

function lineOf(
  { target, schedule }: Wanted,
  {
    standing,
    off,
    nowMs,
    next,
  }: { standing: readonly Standing[]; off: ReadonlySet<string>; nowMs: number; next: number },
): Line {
  const { cron, tz, overlap, missed } = schedule;
  const there = standing.find((one) => one.target === target);
  const isInStep = there?.cron === cron && there.tz === tz;
  const step = off.has(target) ? 'off' : isInStep ? 'in step' : 'to be synced';
  const runs = nextRuns(cron, tz, nowMs, next).map((ms) => new Date(ms).toISOString());
  return { target, cron, tz, overlap, missed, next: step === 'off' ? [] : runs, standing: step };
}

function strayOf({ target, cron, tz, nextMs }: Standing): Line {
  const next = nextMs === undefined ? [] : [new Date(nextMs).toISOString()];
  return { target, cron, tz, next, standing: 'no such target' };
}

async function lastBatches(home: string): Promise<Map<string, { batch: string; state: string }>> {
  const last = new Map<string, { batch: string; state: string }>();
  for (const { id, target } of await listSpecs(home)) {
    if (last.has(target)) continue;
    const entry = await lastEntry(batchFiles(home, id).journal);
    last.set(target, { batch: id, state: entry?.state ?? 'discovering' });
  }
  return last;
}

function show(lines: readonly Line[], nowMs: number, targetsDir: string): void {
  if (lines.length === 0) {
    process.stdout.write(`no target in ${targetsDir} has a schedule: { cron: '30 2 * * *', tz: 'UTC' }\n`);
    return;
  }
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const table = new Table({
    head: ['target', 'cron', 'next, in its zone', `here (${here})`, 'in', 'last batch', ''],
    style: { head: [], border: [] },
  });
  for (const { target, cron, tz, next, standing, last } of lines) {
    const ms = next.map((iso) => Date.parse(iso));
    table.push([
      target,
      cron,
      ms.map((at) => `${clockIn(tz, at)} ${tz}`).join('\n') || '-',
      ms.map((at) => clockIn(here, at).slice(0, 16)).join('\n') || '-',
      ms[0] === undefined ? '-' : formatDuration(Math.max(0, ms[0] - nowMs)),
      last === undefined ? '-' : `${last.batch} ${last.state}`,
      standing === 'in step' ? '' : standing,
    ]);
  }
  process.stdout.write(`${table.toString()}\n`);
  if (lines.some(({ standing }) => standing === 'to be synced' || standing === 'no such target'))
    process.stdout.write(
      '`thresh schedule sync` brings Redis in step; a running `thresh worker` does so by itself\n',
    );
}

function differenceOf(change: Change): string {
  const words = (cron: string, tz: string): string => `${cron} (${tz})`;
  const to = change.kind === 'remove' ? '' : words(change.to.schedule.cron, change.to.schedule.tz);
  if (change.kind === 'add') return `+ ${change.target}  ${to}`;
  const from = words(change.from.cron, change.from.tz);
  return change.kind === 'remove' ? `- ${change.target}  ${from}` : `~ ${change.target}  ${from} -> ${to}`;
}
