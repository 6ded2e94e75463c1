/** The one place where the environment is read. Every room gets the values it needs from its caller. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ThreshError } from './errors.js';
import { parseRedisUrl } from './redis-url.js';

export const PARQUET_ENGINES = ['duckdb', 'parquetjs'] as const;
export type ParquetEngineName = (typeof PARQUET_ENGINES)[number];

export const FRAMES = ['seldom', 'usual'] as const;
export type Frames = (typeof FRAMES)[number];

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Settings {
  /** REDIS_URL, in one of the forms of `redis-url.ts`. Undefined: the embedded server of `home`. Secret. */
  redisUrl: string | undefined;
  /** THRESH_OUT: where datasets are delivered; an absolute folder or `s3://BUCKET/PREFIX`. Default `./out`. */
  out: string;
  /**
   * THRESH_STORE: what the machines of a farm share of their batches; an absolute folder or `s3://BUCKET/PREFIX`. Undefined:
   * all of the farm is on one machine.
   */
  store: string | undefined;
  /** S3_ENDPOINT and AWS_REGION (or AWS_DEFAULT_REGION); the AWS SDK reads its other variables by itself. */
  s3: { endpoint: string | undefined; region: string | undefined };
  /** THRESH_HOME: Redis's data, segments, locks; an absolute folder. Default `./.thresh`. */
  home: string;
  /** THRESH_TARGETS: where targets are looked up by name; an absolute folder. Default `./targets`. */
  targets: string;
  /** THRESH_PARQUET. Default `duckdb`. */
  parquet: ParquetEngineName;
  /**
   * THRESH_PARTITION_MB: a dataset whose segments take more is built by the farm's machines, in partitions of so many MB of
   * them; 0: always in one piece. Default 1,024 with a store in S3, else 0.
   */
  partitionMb: number;
  /** CHROMIUM_PATH. Undefined: the first that is found. */
  chromiumPath: string | undefined;
  /** THRESH_FRAMES: `seldom` or `usual`, how often a headless shell draws a page. Default `seldom`. */
  frames: Frames;
  /** THRESH_MAX_PROCESS_MB: most memory of one process of a browser; 0: no bound. Default 2,048. */
  maxProcessMb: number;
  /** THRESH_MAX_BROWSER_MB: most memory of one browser; 0: no budget. Undefined: 60 % of `maxMemoryMb`, 1,024 at least. */
  maxBrowserMb: number | undefined;
  /**
   * THRESH_MAX_MEMORY_MB: most memory of a worker and its browsers together; 0: no bound. Undefined: 80 % of what the
   * container or the machine gives.
   */
  maxMemoryMb: number | undefined;
  /** THRESH_KEEP_DAYS: days after which what a delivered batch was made of is cleaned up; 0: never. Default 30. */
  keepDays: number;
  /** THRESH_KEEP_BATCHES: of each target, the latest delivered ones stay, whatever their age. Default 7. */
  keepBatches: number;
  /**
   * THRESH_WEBHOOKS: who is told of what happens, apart by spaces: `https://…` gets JSON, `slack+https://…` what Slack
   * takes, with `#batch.held,sla` at its end only of those kinds. Default nobody. Secrets.
   */
  webhooks: readonly string[];
  /** THRESH_WEBHOOK_SECRET: with which JSON is signed. Default: it is not. */
  webhookSecret: string | undefined;
  /** THRESH_TOKEN: who asks `thresh serve` has to show it. Default: nobody has to, on loopback. Secret. */
  token: string | undefined;
  /**
   * Whether traces are exported: OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set, and neither
   * OTEL_SDK_DISABLED nor OTEL_TRACES_EXPORTER=none says no. Where to and how OpenTelemetry's SDK reads by itself.
   */
  traces: boolean;
  /** LOG_LEVEL. Default `info`. */
  logLevel: LogLevel;
  /** False when NO_COLOR is set to anything but the empty string. */
  color: boolean;
  /** Whether the terminal draws block characters: a UTF-8 locale, and TERM neither `linux` nor `dumb`. */
  unicode: boolean;
  /** Whether errors show their stack: THRESH_DEBUG=1, or a log level of debug or trace. Default false. */
  stacks: boolean;
}

/** Flags of a command that win over the environment, as they were typed. */
export interface SettingsOverrides {
  redisUrl?: string | undefined;
  out?: string | undefined;
  home?: string | undefined;
  targets?: string | undefined;
  parquet?: string | undefined;
  logLevel?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The settings of this process; an empty variable counts as unset. Relative folders are taken from `cwd`.
 *
 * @throws {ThreshError} USAGE, naming the variable or the flag whose value cannot be
 */
export function readSettings(
  env: Environment = process.env,
  overrides: SettingsOverrides = {},
  cwd: string = process.cwd(),
): Settings {
  const pick = (flag: keyof SettingsOverrides, variable: string): Picked => {
    const typed = overrides[flag];
    if (typed !== undefined)
      return { name: `--${flag.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, value: typed };
    return { name: variable, value: env[variable] || undefined };
  };
  const logLevel = oneOf(LOG_LEVELS, pick('logLevel', 'LOG_LEVEL')) ?? 'info';
  const store = env.THRESH_STORE
    ? folderOrBucket({ name: 'THRESH_STORE', value: env.THRESH_STORE }, '', cwd)
    : undefined;
  return {
    redisUrl: redisUrl(pick('redisUrl', 'REDIS_URL')),
    out: folderOrBucket(pick('out', 'THRESH_OUT'), './out', cwd),
    store,
    s3: {
      endpoint: httpUrl('S3_ENDPOINT', env.S3_ENDPOINT),
      region: env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined,
    },
    home: folder(pick('home', 'THRESH_HOME'), './.thresh', cwd),
    targets: folder(pick('targets', 'THRESH_TARGETS'), './targets', cwd),
    parquet: oneOf(PARQUET_ENGINES, pick('parquet', 'THRESH_PARQUET')) ?? 'duckdb',
    partitionMb: partitionMb(
      'THRESH_PARTITION_MB',
      env.THRESH_PARTITION_MB || (store?.startsWith('s3:') ? '1024' : '0'),
    ),
    chromiumPath: env.CHROMIUM_PATH || undefined,
    frames: oneOf(FRAMES, { name: 'THRESH_FRAMES', value: env.THRESH_FRAMES || undefined }) ?? 'seldom',
    maxProcessMb: megabytes('THRESH_MAX_PROCESS_MB', env.THRESH_MAX_PROCESS_MB || '2048', LEAST_PROCESS_MB),
    maxBrowserMb: env.THRESH_MAX_BROWSER_MB
      ? megabytes('THRESH_MAX_BROWSER_MB', env.THRESH_MAX_BROWSER_MB, LEAST_BROWSER_MB)
      : undefined,
    maxMemoryMb: env.THRESH_MAX_MEMORY_MB
      ? megabytes('THRESH_MAX_MEMORY_MB', env.THRESH_MAX_MEMORY_MB, LEAST_MEMORY_MB)
      : undefined,
    keepDays: whole('THRESH_KEEP_DAYS', env.THRESH_KEEP_DAYS || '30'),
    keepBatches: whole('THRESH_KEEP_BATCHES', env.THRESH_KEEP_BATCHES || '7'),
    webhooks: webhooks('THRESH_WEBHOOKS', env.THRESH_WEBHOOKS),
    webhookSecret: env.THRESH_WEBHOOK_SECRET || undefined,
    token: env.THRESH_TOKEN || undefined,
    traces: exportsTraces(env),
    logLevel,
    color: !env.NO_COLOR,
    unicode: drawsUnicode(env),
    stacks: isOn('THRESH_DEBUG', env.THRESH_DEBUG) || logLevel === 'debug' || logLevel === 'trace',
  };
}

interface Picked {
  /** As the user wrote it: the variable or the flag. */
  name: string;
  value: string | undefined;
}

function oneOf<const T extends string>(allowed: readonly T[], { name, value }: Picked): T | undefined {
  if (value === undefined) return undefined;
  const known = allowed.find((candidate) => candidate === value);
  if (known === undefined) throw wrong(name, `is '${value}'`, `use one of: ${allowed.join(', ')}`);
  return known;
}

function redisUrl({ name, value }: Picked): string | undefined {
  if (value === undefined) return undefined;
  parseRedisUrl(value, name);
  return value;
}

function folder({ name, value }: Picked, otherwise: string, cwd: string): string {
  if (value === undefined) return path.resolve(cwd, otherwise);
  if (value.trim() === '') throw wrong(name, 'is blank', 'name a folder');
  if (value.includes('\0')) throw wrong(name, 'holds a NUL character', 'name a folder');
  if (value.startsWith('file:')) return fileUrl(name, value);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(value)?.[1];
  if (scheme !== undefined)
    throw wrong(name, `has the scheme '${scheme}'`, 'name a folder of this machine, or s3://bucket/prefix');
  return path.resolve(cwd, value);
}

function folderOrBucket(picked: Picked, otherwise: string, cwd: string): string {
  const { name, value } = picked;
  if (value === undefined || !value.startsWith('s3:')) return folder(picked, otherwise, cwd);
  if (!/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^\0]*)?$/.test(value))
    throw wrong(name, `is '${value}', no place in S3`, 'write it as s3://bucket/prefix');
  return value.replace(/\/+$/, '');
}

function httpUrl(name: string, value: string | undefined): string | undefined {
  if (!value) return undefined;
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
  throw wrong(name, 'is not an http(s) URL', 'write it as https://s3.example.com');
}

function exportsTraces(env: Environment): boolean {
  const names = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  const isWanted = names.map((name) => collector(name, env[name]) !== undefined).includes(true);
  return (
    isWanted && env.OTEL_SDK_DISABLED?.toLowerCase() !== 'true' && env.OTEL_TRACES_EXPORTER?.trim() !== 'none'
  );
}

function collector(name: string, value: string | undefined): string | undefined {
  if (!value) return undefined;
  // The value itself stays out of the message: it may hold a password.
  if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
  throw wrong(name, 'is not an http(s) URL', 'write it as http://localhost:4318');
}

function webhooks(name: string, value = ''): string[] {
  const all = value.split(/\s+/).filter((one) => one !== '');
  for (const one of all) {
    const plain = one.replace(/^slack\+/, '');
    // What is wrong stays out of the message: it is a secret.
    if (!URL.canParse(plain) || !/^https?:$/.test(new URL(plain).protocol))
      throw wrong(
        name,
        'holds something that is no http(s) URL',
        'write https://… or slack+https://…, apart by spaces',
      );
  }
  return all;
}

/** Chromium's main process alone takes 150 to 300 MB: less would kill browsers, not pages. */
const LEAST_PROCESS_MB = 400;

/** With its first page it takes as much. */
const LEAST_BROWSER_MB = 300;

/** A worker and its browser take as much before the first page. */
const LEAST_MEMORY_MB = 300;

function megabytes(name: string, value: string, least: number): number {
  const mb = Number(value);
  if (Number.isSafeInteger(mb) && (mb === 0 || mb >= least)) return mb;
  throw wrong(name, `is '${value}'`, `use a whole number of MB from ${least}, or 0 for no bound`);
}

/** Not of whole MB: small ones show on a small batch what a large one does. */
function partitionMb(name: string, value: string): number {
  const mb = Number(value);
  if (Number.isFinite(mb) && mb >= 0) return mb;
  throw wrong(name, `is '${value}'`, 'use a number of MB, or 0 to build datasets in one piece');
}

function whole(name: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw wrong(name, `is '${value}'`, 'use a whole number from 0');
}

function fileUrl(name: string, value: string): string {
  try {
    return fileURLToPath(value);
  } catch {
    throw wrong(name, 'is not the URL of a file', 'use file:///absolute/path, or a plain path');
  }
}

function drawsUnicode(env: Environment): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return /utf-?8/i.test(locale) && env.TERM !== 'linux' && env.TERM !== 'dumb';
}

function isOn(name: string, value: string | undefined): boolean {
  if (value === undefined || ['', '0', 'false'].includes(value)) return false;
  if (['1', 'true'].includes(value)) return true;
  throw wrong(name, `is '${value}'`, 'use 1 or 0');
}

function wrong(name: string, problem: string, mend: string): ThreshError {
  return new ThreshError(`${name} ${problem}`, { code: 'USAGE', scope: 'batch', mend });
}
