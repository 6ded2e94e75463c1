/** What a place for datasets promises: a folder and an S3 bucket keep the same contract and pass the same tests. */
import type { Manifest } from './manifest.js';

export interface DatasetFile {
  /** Absolute path of the finished file; its base name is its name in the dataset. */
  path: string;
  bytes: number;
}

export interface Dataset {
  target: string;
  /** `YYYY-MM-DD` */
  date: string;
  batch: string;
  files: readonly DatasetFile[];
  /** Text of `_SUCCESS`. */
  manifest: string;
}

export interface RunFiles {
  target: string;
  batch: string;
  /** Name within `_runs/BATCH/` to the absolute path that it is copied from, or to its text. */
  files: Record<string, { from: string } | { text: string }>;
}

export interface DeliverOptions {
  /** A file of this delivery's own: what has been done, so that a later call goes on from there. */
  journal: string;
  /** Called after each step that is durable, with its name; the next begins when it has resolved. */
  onStep?: ((step: string) => void | Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Destination {
  /** For people and for stdout: where the dataset of a date stands. */
  where(target: string, date: string): string;
  /** Throws OUTPUT_UNWRITABLE when nothing can be written there: found before the first page, not after the last. */
  probe(): Promise<void>;
  /**
   * All or nothing; `_SUCCESS` last. Called again after a kill with the same dataset, it rolls forward. Throws
   * OUTPUT_UNWRITABLE (retry `later`), and then what was delivered before still stands, unless the swap had begun: the
   * next call ends it.
   */
  deliver(dataset: Dataset, options: DeliverOptions): Promise<string>;
  /** Writes `TARGET/_runs/BATCH/`; each file appears whole. */
  writeRun(run: RunFiles): Promise<void>;
  /**
   * The manifests of the latest `count` datasets of dates before `date`, the latest first; torn ones and samples (run
   * with a limit) are left out.
   */
  earlier(target: string, date: string, count: number): Promise<Manifest[]>;
  /** The manifest of the dataset of the latest date, be it a sample; undefined when none stands there. */
  latest(target: string): Promise<Manifest | undefined>;
  /** The manifest of the dataset that stands there for a date, be it a sample; undefined when none does. */
  manifestOf(target: string, date: string): Promise<Manifest | undefined>;
  /**
   * A delivered file as one on this machine: where it stands, or a copy in `folder` where it stands elsewhere. Undefined
   * when it is not there any more.
   */
  fetch(file: DeliveredPlace, folder: string): Promise<string | undefined>;
  close(): void;
}

/** Where a delivered file stands. */
export interface DeliveredPlace {
  target: string;
  date: string;
  name: string;
}

/** Of the dates' folders, `date=YYYY-MM-DD`, the latest first. */
export function datesOf(names: readonly string[]): string[] {
  return names
    .flatMap((name) => /^date=(\d{4}-\d{2}-\d{2})$/.exec(name)?.[1] ?? [])
    .sort()
    .reverse();
}

/** Those that lie before `date`. */
export function datesBefore(names: readonly string[], date: string): string[] {
  return datesOf(names).filter((one) => one < date);
}

/** Undefined for what is no manifest. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(text) as Manifest;
    return manifest.version === 1 && Array.isArray(manifest.files) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for what is no manifest, and for that of a sample: nothing is compared with it. */
export function parseWhole(text: string): Manifest | undefined {
  const manifest = parseManifest(text);
  return manifest?.limit === undefined ? manifest : undefined;
}
