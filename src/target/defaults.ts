/** What a target gets for each option that it leaves out: the one place where defaults stand. */
import { dirname, resolve } from 'node:path';
import type { BlockSpec, BrowserSpec, QuietHours, TargetDefinition, UnchangedBy } from './definition.js';
import { parseDurationMs } from './duration.js';

type Defaulted =
  | 'url'
  | 'navigate'
  | 'lane'
  | 'block'
  | 'browser'
  | 'incremental'
  | 'allowHosts'
  | 'keep'
  | 'keepCookies'
  | 'robots'
  | 'throttle'
  | 'retries'
  | 'timeoutMs'
  | 'sla'
  | 'schedule'
  | 'gate';

/** A checked target with every default filled in. */
export interface ResolvedTarget extends Omit<TargetDefinition, Defaulted> {
  url: { keepFragment: boolean; dropParams: readonly string[] };
  navigate: 'load' | 'soft';
  lane: 'render' | 'auto';
  /** `false`: everything is loaded. */
  block: Required<BlockSpec> | false;
  /** `block: 'auto'`: what else need not be loaded is found out. */
  learnsBlock: boolean;
  /** No user agent: the farm's plain one. A path in `storageState` is absolute. */
  browser: BrowserSpec;
  incremental?: { full: number; sample: number; by: readonly UnchangedBy[] };
  allowHosts: readonly string[];
  keep: 'data' | 'html' | 'none';
  keepCookies: boolean;
  robots: 'respect' | 'ignore';
  throttle: { maxConcurrency: number; minDelayMs: number; quietHours: readonly QuietHours[] };
  retries: number;
  timeoutMs: number;
  sla?: { window: string; windowMs: number; pace: boolean };
  schedule?: Required<NonNullable<TargetDefinition['schedule']>>;
  gate: Required<NonNullable<TargetDefinition['gate']>>;
}

const DEFAULTS = {
  navigate: 'load' as const,
  lane: 'render' as const,
  block: { types: ['image', 'font', 'media'], urls: [] } satisfies BlockSpec as Required<BlockSpec>,
  throttle: { maxConcurrency: 8, minDelayMs: 0 },
  retries: 3,
  timeoutMs: 60_000,
  robots: 'respect' as const,
  keep: 'none' as const,
  gate: {
    minCompleted: 0.98,
    maxQuarantined: 0.05,
    minRows: 1,
    maxRowChange: 0.25,
    maxNullChange: 0.1,
    pauseOnDrift: true,
  },
  url: { keepFragment: false, dropParams: [] as readonly string[] },
  pace: true,
  incremental: { full: 7, sample: 0.02, by: ['lastmod'] as readonly UnchangedBy[] },
  schedule: { tz: 'UTC', overlap: 'skip' as const, missed: 'run' as const },
};

/** Fills in the defaults of a target that has passed its check; paths in it are taken from `file`'s folder. */
export function resolveTarget(target: TargetDefinition, file: string): ResolvedTarget {
  const { sla, schedule, browser, incremental, ...rest } = target;
  const windowMs = sla && parseDurationMs(sla.window);
  return {
    ...rest,
    url: over(DEFAULTS.url, target.url),
    navigate: target.navigate ?? DEFAULTS.navigate,
    lane: target.lane ?? DEFAULTS.lane,
    block: target.block === false ? false : over(DEFAULTS.block, target.block === 'auto' ? {} : target.block),
    learnsBlock: target.block === 'auto',
    browser: withAbsoluteState(browser ?? {}, file),
    allowHosts: target.allowHosts ?? [],
    keep: target.keep ?? DEFAULTS.keep,
    keepCookies: target.keepCookies ?? false,
    robots: target.robots ?? DEFAULTS.robots,
    throttle: {
      ...over(DEFAULTS.throttle, target.throttle),
      quietHours: [target.throttle?.quietHours ?? []].flat(),
    },
    retries: target.retries ?? DEFAULTS.retries,
    timeoutMs: target.timeoutMs ?? DEFAULTS.timeoutMs,
    gate: over(DEFAULTS.gate, target.gate),
    ...(sla && windowMs !== undefined
      ? { sla: { window: sla.window, windowMs, pace: sla.pace ?? DEFAULTS.pace } }
      : {}),
    ...(incremental ? { incremental: over(DEFAULTS.incremental, incremental) } : {}),
    ...(schedule ? { schedule: over({ ...DEFAULTS.schedule, cron: schedule.cron }, schedule) } : {}),
  };
}

/** An option that is there but undefined counts as left out. */
function over<T extends object>(defaults: T, given: { [K in keyof T]?: unknown } | undefined): T {
  const set = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(set) } as T;
}

function withAbsoluteState(browser: BrowserSpec, file: string): BrowserSpec {
  return typeof browser.storageState === 'string'
    ? { ...browser, storageState: resolve(dirname(file), browser.storageState) }
    : browser;
}
