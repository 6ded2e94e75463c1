/** `thresh doctor`: what this machine has of what the farm needs, whether it really starts, and a mend for what does not. */
import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { createBrowserPool } from '../../browser-pool/index.js';
import { type Finding, look } from '../../setup/findings.mjs';
import { memoryBudgetMb } from '../batch/worker-slots.js';
import { openDestination } from '../delivery/destination.js';
import { isThreshError, reasonOf } from '../errors.js';
import type { Environment, Settings } from '../settings.js';
import { cpuBound, freeMemory, memoryBound } from '../telemetry/machine-bounds.js';
import { plainText } from '../telemetry/plain-text.js';
import { withRedis } from './embedded.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { usualPagesAtOnce } from './pages-at-once.js';

const BROWSER_LIMIT_MS = 30_000;

type Check = Omit<Finding, 'name'> & { name: string };

/** Exit code 0 when nothing is missing, else 1. */
export async function doctor(
  options: { json?: boolean },
  settings: Settings,
  env: Environment,
): Promise<ExitCode> {
  const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[/\\]$/, '');
  const checks: Check[] = look(root, { ...env });
  const isThere = (name: string): boolean => checks.some((check) => check.name === name && check.ok);
  checks.push(await tried('cpu', async () => cpuFound(), ''));
  checks.push(await tried('memory', async () => memoryFound(settings), ''));
  checks.push(await tried('home', () => writable(settings.home), 'set THRESH_HOME to a folder of yours'));
  checks.push(await tried('out', () => outWritable(settings), 'set THRESH_OUT to a folder of yours'));
  if (isThere('chromium')) checks.push(await tried('browser', () => startBrowser(settings), 'npm run setup'));
  if (isThere('redis')) checks.push(await tried('queue', () => reachRedis(settings), 'npm run setup'));
  const ok = checks.every((check) => check.ok);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ ok, findings: checks })}\n`);
  else process.stdout.write(`${table(checks)}\n${ok ? 'nothing is missing' : 'not ready: see the mends'}\n`);
  return ok ? EXIT.ok : EXIT.failed;
}

function table(checks: readonly Check[]): string {
  const drawn = new Table({ head: ['', 'what', 'found', 'mend'], style: { head: [], border: [] } });
  for (const { name, ok, found, mend } of checks)
    drawn.push([ok ? 'ok' : 'missing', name, plainText(found, 300), plainText(mend ?? '', 300)]);
  return drawn.toString();
}

async function tried(name: string, attempt: () => Promise<string>, mend: string): Promise<Check> {
  try {
    return { name, ok: true, found: await attempt() };
  } catch (error) {
    return { name, ok: false, found: reasonOf(error), mend: (isThreshError(error) && error.mend) || mend };
  }
}

async function writable(folder: string): Promise<string> {
  let there = folder;
  while (!existsSync(there)) there = path.dirname(there);
  await access(there, constants.W_OK);
  return there === folder ? `${folder} can be written` : `${folder} can be made`;
}

/** The limits that the farm goes by, and where they were found. */
function cpuFound(): string {
  const { value, where } = cpuBound();
  return `${Number(value.toFixed(2))} CPUs by ${where}: ${usualPagesAtOnce()} pages at once to begin with`;
}

function memoryFound({ maxMemoryMb }: Settings): string {
  const { value, where } = memoryBound();
  const free = freeMemory();
  const budgetMb = memoryBudgetMb(maxMemoryMb);
  return [
    `${Math.round(value)} MB by ${where}`,
    free === undefined ? 'unknown how much is free' : `${Math.round(free.mb)} MB free`,
    Number.isFinite(budgetMb) ? `${budgetMb} MB for a worker and its browsers` : 'no bound for a worker',
  ].join(', ');
}

async function outWritable({ out, s3 }: Settings): Promise<string> {
  if (!out.startsWith('s3://')) return writable(out);
  const destination = await openDestination(out, s3);
  await destination.probe().finally(() => destination.close());
  return `${out} can be written`;
}

async function startBrowser(settings: Settings): Promise<string> {
  const pool = createBrowserPool({
    maxPages: 1,
    temp: path.join(settings.home, 'browsers'),
    launchTimeoutMs: BROWSER_LIMIT_MS,
    ...(settings.chromiumPath === undefined ? {} : { executablePath: settings.chromiumPath }),
  });
  try {
    const lease = await pool.lease({ identity: 'doctor', context: {}, block: false });
    const version = lease.page.context().browser()?.version() ?? 'of unknown version';
    await lease.release('good');
    return `Chromium ${version} starts`;
  } finally {
    await pool.close();
  }
}

function reachRedis(settings: Settings): Promise<string> {
  return withRedis(settings, async ({ client, where }) => {
    const version = /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'of unknown version';
    return `Redis ${version} answers at ${where}`;
  });
}
