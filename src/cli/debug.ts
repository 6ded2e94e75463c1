/** `thresh debug TARGET URL`: one page through the same steps as in a batch, without a queue, with a person looking on. */
import { copyFile, mkdir, rm, rmdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Lease, NetworkTally } from '../../browser-pool/index.js';
import { createBrowserPool } from '../../browser-pool/index.js';
import { readLeftHosts } from '../batch/block-file.js';
import { loadChecked } from '../batch/context.js';
import type { Column } from '../dataset/column.js';
import { encodeRow } from '../dataset/encode.js';
import { PRODUCT } from '../discovery/user-agent.js';
import { ThreshError } from '../errors.js';
import { keepArtifacts } from '../page/artifacts.js';
import { createProxies } from '../page/proxies/proxies.js';
import { leaseSpecOf, type RenderOutcome, renderPage } from '../page/render.js';
import { createSessions } from '../page/sessions.js';
import type { Settings } from '../settings.js';
import type { Json, TargetLog } from '../target/definition.js';
import type { LoadedTarget } from '../target/load.js';
import { plainText } from '../telemetry/plain-text.js';
import { debugJson, debugText } from './debug-view.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { onStopSignals } from './stop-signals.js';

export interface DebugOptions {
  label?: string;
  /** JSON. */
  data?: string;
  headed?: boolean;
  slowMo?: number;
  devtools?: boolean;
  /** True, or the file to write. */
  trace?: boolean | string;
  pause?: boolean;
  json?: boolean;
}

/** What one look at a page found. */
export interface Sight {
  url: string;
  outcome: RenderOutcome;
  network: NetworkTally | undefined;
  elapsedMs: number;
  /** Of a target with `block: 'auto'`: hosts that its batches leave out; this page was loaded whole. */
  leftHosts?: readonly string[];
  /** Absolute paths. */
  files: { screenshot?: string; html?: string; trace?: string };
}

export async function debug(
  ref: string,
  url: string,
  options: DebugOptions,
  settings: Settings,
): Promise<ExitCode> {
  const asked = checkUrl(url);
  const data = options.data === undefined ? undefined : parseData(options.data);
  const target = await loadChecked(ref, settings.targets);
  const stopping = new AbortController();
  const signals = onStopSignals({
    first: () => stopping.abort(interrupted()),
    second: () => process.exit(EXIT.interrupted),
  });
  try {
    const sight = await lookAt(asked, { target, data, options, settings, signal: stopping.signal });
    if (stopping.signal.aborted) return EXIT.interrupted;
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(debugJson(sight))}\n`
        : debugText(sight, process.stdout.columns),
    );
    return sight.outcome.ok && refusedRows(sight.outcome) === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    signals.release();
  }
}

interface Look {
  target: LoadedTarget<Column[]>;
  data: Json | undefined;
  options: DebugOptions;
  settings: Settings;
  signal: AbortSignal;
}

async function lookAt(url: string, { target, data, options, settings, signal }: Look): Promise<Sight> {
  const { name } = target.definition;
  const folder = path.join(settings.home, 'debug');
  const stem = `${name}-${new Date().toISOString().replace(/[:.]/g, '')}`;
  await mkdir(folder, { recursive: true });
  const isHeaded = options.headed === true || options.pause === true || options.devtools === true;
  // A browser with windows puts a socket there, whose path may have no more than 107 characters.
  const temp = isHeaded
    ? path.join(os.tmpdir(), `thresh-${os.userInfo().uid}`)
    : path.join(settings.home, 'browsers');
  const pool = createBrowserPool({
    maxPages: 1,
    temp,
    headless: !isHeaded,
    frames: settings.frames,
    maxProcessMb: settings.maxProcessMb,
    maxBrowserMb: settings.maxBrowserMb ?? 0,
    product: PRODUCT,
    ...(settings.chromiumPath === undefined ? {} : { executablePath: settings.chromiumPath }),
    ...(options.slowMo === undefined ? {} : { slowMoMs: options.slowMo }),
    ...(options.devtools === true ? { devtools: true } : {}),
  });
  const { proxies } = target.definition;
  const sessions = createSessions({
    target: target.definition,
    pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies: proxies === undefined ? undefined : createProxies({ given: proxies, onEvent: () => undefined }),
  });
  const traced = options.trace !== undefined && options.trace !== false;
  const files: Sight['files'] = {};
  let network: NetworkTally | undefined;
  let startedAt = performance.now();
  let elapsedMs = 0;
  try {
    const columns = target.columns ?? [];
    const outcome = await renderPage(
      {
        page: 0,
        request: { url, label: options.label, data, attempt: 1 },
        log: logTo(process.stderr),
        signal,
        traced,
        keepFailure: () => undefined,
        onlooker: {
          async began() {
            startedAt = performance.now();
          },
          async ended(lease) {
            elapsedMs = Math.round(performance.now() - startedAt);
            ({ network } = lease);
            const kept = await keepArtifacts(lease.page, { folder, name: stem, traced });
            for (const kind of ['screenshot', 'html', 'trace'] as const) {
              const file = kept[kind];
              if (file !== undefined) files[kind] = path.join(folder, file);
            }
            if (options.pause === true) await paused(lease, signal);
          },
        },
      },
      {
        target,
        encode: (row) => encodeRow(columns, row),
        pool,
        sessions,
      },
    );
    if (!outcome.ok && outcome.error.code === 'BROWSER_UNAVAILABLE') throw outcome.error;
    if (typeof options.trace === 'string' && files.trace !== undefined) {
      const wanted = path.resolve(options.trace);
      await copyFile(files.trace, wanted);
      await rm(files.trace);
      files.trace = wanted;
    }
    const { learnsBlock } = target.definition;
    const leftHosts = learnsBlock ? await readLeftHosts(settings.home, name, target.hash) : undefined;
    return { url, outcome, network, elapsedMs, ...(leftHosts === undefined ? {} : { leftHosts }), files };
  } finally {
    await sessions.close();
    await pool.close();
    if (isHeaded) await rmdir(temp).catch(() => undefined); // another command is in it
  }
}

/** Until the inspector's "resume", the window is closed, or Ctrl-C. */
async function paused({ page, lost }: Lease, signal: AbortSignal): Promise<void> {
  process.stderr.write(
    "thresh: paused; press Resume in Playwright's inspector, close the window, or Ctrl-C\n",
  );
  const left = new Promise<void>((resolve) => {
    for (const leaving of [lost, signal]) {
      if (leaving.aborted) resolve();
      leaving.addEventListener('abort', () => resolve(), { once: true });
    }
  });
  await Promise.race([page.pause().catch(() => undefined), left]);
}

function refusedRows({ rendered }: Extract<RenderOutcome, { ok: true }>): number {
  return rendered.outcome === 'completed' ? rendered.quarantined.length : 0;
}

function logTo(stream: NodeJS.WritableStream): TargetLog {
  const at =
    (level: keyof TargetLog) =>
    (message: string, fields?: Record<string, unknown>): void => {
      const more = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
      stream.write(`${level}: ${plainText(`${message}${more}`, 1_000)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function checkUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text).href;
  throw wrong(`${JSON.stringify(text)} is not an http(s) URL`, 'give the whole URL, https:// included');
}

function parseData(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw wrong('--data is not JSON', 'write it as \'{"category":"tea"}\'');
  }
}

function wrong(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}

function interrupted(): ThreshError {
  return new ThreshError('interrupted', { code: 'INTERRUPTED', scope: 'page' });
}
