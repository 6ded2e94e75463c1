/** One look at one page for `thresh debug`: through the same steps as in a batch, without a queue. */
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserPool, Lease, NetworkTally, Verdict } from '../../browser-pool/index.js';
import { readLeftHosts } from '../batch/block-file.js';
import type { Column } from '../dataset/column.js';
import { encodeRow } from '../dataset/encode.js';
import { keepArtifacts } from '../page/artifacts.js';
import { markFields } from '../page/mark-fields.js';
import { type DataSeen, dataSeen } from '../page/page-data.js';
import { createProxies } from '../page/proxies/proxies.js';
import { type CompletedPage, leaseSpecOf, type RenderOutcome, renderPage } from '../page/render.js';
import { createSessions, type Sessions } from '../page/sessions.js';
import type { Settings } from '../settings.js';
import { dataSourcesOf, type NamedSource } from '../target/data-source.js';
import type { Marks } from '../target/in-page-marker.js';
import type { LoadedTarget } from '../target/load.js';
import type { AskedPage } from './asked-page.js';
import { type Beside, besideOf, lastGoodRows } from './beside.js';
import type { OnePageBrowser, WindowOptions } from './one-page-browser.js';
import { openReplay, type Replay } from './replay.js';
import { logTo } from './target-log.js';
import { type ShownIdentity, shownIdentity, wearing } from './worn-identity.js';

export interface LookOptions extends WindowOptions {
  /** True, or the file to write. */
  trace?: boolean | string;
  /** A HAR to be written. */
  save?: string;
}

export interface Look {
  asked: AskedPage;
  options: LookOptions;
  settings: Settings;
  browser: OnePageBrowser;
  signal: AbortSignal;
}

/** What one look at a page found. */
export interface Sight {
  url: string;
  outcome: RenderOutcome;
  network: NetworkTally | undefined;
  elapsedMs: number;
  /** Of a target with `block: 'auto'`: hosts that its batches leave out; this page was loaded whole. */
  leftHosts?: readonly string[];
  /** Of a target with `data`: the answers that it got, and why some give nothing. */
  answers?: readonly DataSeen[];
  /** Its rows and those that were delivered of it last. */
  beside?: Beside;
  /** What its fields were read from, as it is outlined in the window. */
  marks?: Marks;
  /** As whom it was looked at: as in the batch that gave it up. */
  identity?: ShownIdentity;
  /** The file that it was read from instead of the network. */
  replayed?: string;
  /** Absolute paths. */
  files: { screenshot?: string; html?: string; trace?: string; har?: string };
}

/** What is done with a page that has been read, while it still stands. */
export type WhileItStands = (sight: Sight, lease: Lease | undefined) => Promise<void>;

/** For a HAR to be written. */
const CLOSE_LIMIT_MS = 30_000;

/** Throws BROWSER_UNAVAILABLE, and USAGE for a file that cannot be replayed. */
export async function lookAt(
  look: Look,
  plain: LoadedTarget<Column[]>,
  whileItStands: WhileItStands,
): Promise<Sight> {
  const { asked, options, settings, signal } = look;
  const target = asked.identity === undefined ? plain : wearing(plain, asked.identity);
  const { name } = target.definition;
  const folder = path.join(settings.home, 'debug');
  const stem = `${name}-${new Date().toISOString().replace(/[:.]/g, '')}`;
  await mkdir(folder, { recursive: true });
  const replay =
    asked.replay === undefined ? undefined : await openReplay({ ...asked.replay, url: asked.url });
  const sessions = replay?.sessions ?? sessionsOf(look, target);
  const standing = keepStanding(look.browser.pool);
  const url = replay?.url ?? asked.url ?? '';
  const har = options.save === undefined ? undefined : path.resolve(options.save);
  const traced = options.trace !== undefined && options.trace !== false;
  const columns = target.columns ?? [];
  const files: Sight['files'] = har === undefined ? {} : { har };
  const sources = dataSourcesOf(target.definition.data, asked.label);
  let answers: DataSeen[] = [];
  let network: NetworkTally | undefined;
  let startedAt = performance.now();
  let elapsedMs = 0;
  const last = lastGoodRows(url, target, { settings, out: asked.out });
  try {
    const outcome = await renderPage(
      {
        page: 0,
        request: { url, label: asked.label, data: asked.data, attempt: 1 },
        log: logTo(process.stderr),
        signal,
        traced,
        fresh: har !== undefined,
        keepFailure: () => undefined,
        onlooker: {
          async began({ page }) {
            await replay?.begin(page);
            if (har !== undefined) await page.routeFromHAR(har, { update: true, ...HAR });
            startedAt = performance.now();
          },
          async ended(lease) {
            elapsedMs = Math.round(performance.now() - startedAt);
            ({ network } = lease);
            answers = dataSeen(lease, sources);
            const kept = await keepArtifacts(lease.page, { folder, name: stem, traced });
            for (const kind of ['screenshot', 'html', 'trace'] as const) {
              const file = kept[kind];
              if (file !== undefined) files[kind] = path.join(folder, file);
            }
          },
        },
      },
      { target, encode: (row) => encodeRow(columns, row), pool: standing.pool, sessions },
    );
    if (!outcome.ok && outcome.error.code === 'BROWSER_UNAVAILABLE') throw outcome.error;
    if (typeof options.trace === 'string' && files.trace !== undefined)
      files.trace = await moveTo(files.trace, path.resolve(options.trace));
    const rendered = outcome.ok && outcome.rendered.outcome === 'completed' ? outcome.rendered : undefined;
    const lastRows = rendered === undefined ? undefined : await last;
    const lease = standing.lease();
    const marks =
      rendered !== undefined && lease !== undefined && look.browser.isHeaded
        ? await markFields(lease.page, target.definition, asked.label)
        : undefined;
    const sight: Sight = {
      url,
      outcome,
      network,
      elapsedMs,
      ...(sources.length === 0 ? {} : { answers: [...answers, ...embeddedSeen(rendered, sources)] }),
      ...(rendered === undefined || lastRows === undefined
        ? {}
        : { beside: besideOf(lastRows, rendered, target) }),
      ...(marks === undefined ? {} : { marks }),
      ...(await moreOf(look, target, replay)),
      files,
    };
    await whileItStands(sight, lease);
    return sight;
  } finally {
    await standing.letGo(har);
    await sessions.close();
    await replay?.close();
  }
}

/** What stood in the document. */
function embeddedSeen(rendered: CompletedPage | undefined, sources: readonly NamedSource[]): DataSeen[] {
  const found = rendered?.captured?.answers ?? [];
  return found.flatMap(({ name, request: { method, url }, status, text }) =>
    sources.some((source) => source.kind === 'embedded' && source.name === name)
      ? [{ name, method, url, status, length: text.length }]
      : [],
  );
}

/** Whole, so that it can be replayed. */
const HAR = { updateContent: 'embed', updateMode: 'full' } as const;

function sessionsOf({ browser: { pool }, asked }: Look, target: LoadedTarget<Column[]>): Sessions {
  const { proxies } = target.definition;
  return createSessions({
    target: target.definition,
    pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies: proxies === undefined ? undefined : createProxies({ given: proxies, onEvent: () => undefined }),
    known: asked.identity?.storage,
  });
}

async function moreOf(
  { settings, asked }: Look,
  { definition, hash }: LoadedTarget<Column[]>,
  replay: Replay | undefined,
): Promise<Pick<Sight, 'leftHosts' | 'identity' | 'replayed'>> {
  const { learnsBlock, name } = definition;
  return {
    ...(learnsBlock ? { leftHosts: await readLeftHosts(settings.home, name, hash) } : {}),
    ...(asked.identity === undefined || replay !== undefined
      ? {}
      : { identity: shownIdentity(asked.identity) }),
    ...(replay === undefined ? {} : { replayed: replay.path }),
  };
}

interface Standing {
  pool: BrowserPool;
  /** The page, when it was had and is still there. */
  lease(): Lease | undefined;
  /** Gives it back. `har`: has it written first. */
  letGo(har: string | undefined): Promise<void>;
}

/** A pool whose page is given back only when whoever looks at it is done, whatever became of its work. */
function keepStanding(pool: BrowserPool): Standing {
  let held: { lease: Lease; verdict: Verdict } | undefined;
  return {
    pool: {
      ...pool,
      async lease(spec, signal) {
        const lease = await pool.lease(spec, signal);
        const holding = { lease, verdict: 'doubtful' as Verdict };
        held = holding;
        return {
          ...lease,
          async release(verdict) {
            holding.verdict = verdict;
          },
        };
      },
    },
    lease: () => (held?.lease.lost.aborted === false ? held.lease : undefined),
    async letGo(har) {
      if (held === undefined) return;
      const { lease, verdict } = held;
      // It is written when its context is closed by the one who opened it.
      if (har !== undefined && !lease.lost.aborted) await closeContext(lease, har);
      await lease.release(verdict);
    },
  };
}

/** It holds cookies and whatever else was sent. */
async function closeContext({ page }: Lease, har: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${har} was not written in time`)), CLOSE_LIMIT_MS);
  });
  await Promise.race([page.context().close(), late]).finally(() => clearTimeout(timer));
  await chmod(har, 0o600);
}

async function moveTo(file: string, wanted: string): Promise<string> {
  await copyFile(file, wanted);
  await rm(file);
  return wanted;
}
