/**
 * How much of a night is rendered, decided once for a batch of a target with `incremental`, before its first page, and kept
 * in its folder: whoever goes on with it does the same. A night is full unless everything fits.
 */
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { VERSION } from '../version.js';
import { lastEntry } from './journal.js';
import { type BatchFiles, type BatchSpec, batchFiles, listSpecs } from './spec.js';

export interface NightPlan {
  /** Of the farm that made it. */
  version: string;
  /** Nights since the last full one; 0: this one is full. */
  nights: number;
  /** The batch whose pages are carried over; undefined: none are. */
  base?: string;
  /** Why it is full. */
  full?: string;
}

export interface NightPlanOptions {
  home: string;
  spec: BatchSpec;
  files: BatchFiles;
  /** Every so manieth night is full. */
  full: number;
  /** The farm is on several machines. */
  isShared: boolean;
}

/** That of an earlier run of this batch, or a new one, durably. */
export async function planNight(options: NightPlanOptions): Promise<NightPlan> {
  const { plan: file } = options.files;
  const known = await readPlan(file);
  if (known !== undefined) return known;
  const plan = await newPlan(options);
  await writeFile(`${file}.tmp`, `${JSON.stringify(plan)}\n`, { flush: true });
  await rename(`${file}.tmp`, file);
  return plan;
}

/** Undefined when there is none. */
export async function readPlan(file: string): Promise<NightPlan | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as NightPlan);
}

async function newPlan({ home, spec, full: every, isShared }: NightPlanOptions): Promise<NightPlan> {
  const full = (why: string): NightPlan => ({ version: VERSION, nights: 0, full: why });
  if (spec.limit !== undefined) return full('it was run with a limit');
  if (isShared)
    return full('the farm is on several machines, which keep no pages of earlier batches at hand');
  const base = await lastDelivered(home, spec);
  if (base === undefined) return full('no earlier batch of the target was delivered');
  if (base.targetHash !== spec.targetHash) return full(`the target has changed since ${base.id}`);
  if (base.reextractOf !== undefined) return full(`${base.id} was read from what was kept, not fetched`);
  const files = batchFiles(home, base.id);
  const before = await readPlan(files.plan);
  if (before?.version !== VERSION) return full(`${base.id} was made by another version`);
  if (before.nights + 1 >= every)
    return full(every === 1 ? 'every night is' : `every ${every} nights one is`);
  if (await isThere(files.cleaned)) return full(`the pages of ${base.id} were cleaned up`);
  return { version: VERSION, nights: before.nights + 1, base: base.id };
}

/** The latest one that was no sample; whatever its date is, it is what was seen of the target last. */
async function lastDelivered(home: string, spec: BatchSpec): Promise<BatchSpec | undefined> {
  const delivered: { spec: BatchSpec; at: string }[] = [];
  for (const one of await listSpecs(home, spec.target)) {
    if (one.id === spec.id || one.limit !== undefined) continue;
    const entry = await lastEntry(batchFiles(home, one.id).journal);
    if (entry?.state === 'delivered') delivered.push({ spec: one, at: entry.at });
  }
  return delivered.sort((a, b) => (a.at < b.at ? 1 : -1))[0]?.spec;
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
