/**
 * A few pages rendered one after the other outside of a batch, through the same steps and no faster than their site
 * allows: robots.txt, its Crawl-delay and `throttle.minDelayMs` hold, and a page that fails is tried once more.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BrowserPool } from '../../browser-pool/index.js';
import type { Column } from '../dataset/column.js';
import { encodeRow } from '../dataset/encode.js';
import type { PageEnd } from '../dataset/fit.js';
import { createRobots } from '../discovery/robots.js';
import type { ThreshError } from '../errors.js';
import { type LaneGain, watchGain } from '../page/fetch/lane-gain.js';
import { createWire } from '../page/fetch/wire.js';
import { createProxies } from '../page/proxies/proxies.js';
import { leaseSpecOf, type RenderDeps, type RenderedPage, renderPage } from '../page/render.js';
import { createSessions } from '../page/sessions.js';
import type { PageRequest, TargetLog } from '../target/definition.js';
import type { LoadedTarget } from '../target/load.js';

export interface SecondLookOptions {
  target: LoadedTarget<Column[]>;
  pool: BrowserPool;
  userAgent: string;
  log: TargetLog;
  signal: AbortSignal;
}

const MOST_ATTEMPTS = 2;
const BACKOFF_MS = 1_000;
/** A site that asks for a longer wait has its page fail. */
const LONGEST_WAIT_MS = 30_000;

export interface SecondLook {
  /**
   * One page, when its site allows. Throws BROWSER_UNAVAILABLE; DISCOVERY_FAILED when robots.txt cannot be had; the
   * page's error when stopped.
   */
  at(request: PageRequest): Promise<PageEnd>;
  /** Of a target that reads `data`: whether the pages could be fetched without a browser. One page after the other. */
  gains(): Promise<LaneGain[]>;
  close(): Promise<void>;
}

export function createSecondLook({ target, pool, userAgent, log, signal }: SecondLookOptions): SecondLook {
  const { robots: mode, proxies, throttle, retries } = target.definition;
  const robots = createRobots({ mode, userAgent, signal });
  const sessions = createSessions({
    target: target.definition,
    pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies: proxies === undefined ? undefined : createProxies({ given: proxies, onEvent: () => undefined }),
  });
  const columns = target.columns ?? [];
  const deps: RenderDeps = { target, pool, sessions, encode: (row) => encodeRow(columns, row) };
  const wire = createWire();
  const gain = watchGain({ wire, mayAsk: robots.allowed, gapMs: throttle.minDelayMs });
  const attempts = Math.min(MOST_ATTEMPTS, retries + 1);
  let page = 0;
  let nextAtMs = 0;

  async function untilMayStart(url: string): Promise<void> {
    await delay(Math.max(0, nextAtMs - Date.now()), undefined, { signal }).catch(() => undefined);
    const crawlDelayMs = (await robots.crawlDelayMs(new URL(url).origin)) ?? 0;
    nextAtMs = Date.now() + Math.max(throttle.minDelayMs, crawlDelayMs);
  }

  return {
    async at({ url, label, data }) {
      if (!(await robots.allowed(url))) return { outcome: 'skipped', why: 'robots.txt forbids it' };
      page += 1;
      for (let attempt = 1; ; attempt += 1) {
        await untilMayStart(url);
        const request = { url, label, data, attempt };
        const task = { page, request, log, signal, keepFailure: () => undefined };
        const outcome = await renderPage(gain.watched(task, deps), deps);
        if (outcome.ok) return endOf(outcome.rendered);
        const { error } = outcome;
        if (signal.aborted || error.scope === 'batch') throw error;
        const waitMs = waitBefore(error);
        if (attempt >= attempts || waitMs > LONGEST_WAIT_MS)
          return { outcome: 'failed', code: error.code, message: error.message };
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    },
    gains: () => gain.gains(deps),
    async close() {
      await wire.close();
      await sessions.close();
    },
  };
}

function waitBefore({ retry }: ThreshError): number {
  if (retry === 'never') return Number.POSITIVE_INFINITY;
  return retry === 'later' ? BACKOFF_MS : retry.afterMs;
}

function endOf(rendered: RenderedPage): PageEnd {
  if (rendered.outcome === 'gone') return { outcome: 'gone' };
  const refused = rendered.quarantined.map(({ row, issues }) => ({ row: isRow(row) ? row : {}, issues }));
  return { outcome: 'completed', rows: [...rendered.rows.map(({ row }) => ({ row })), ...refused] };
}

function isRow(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
