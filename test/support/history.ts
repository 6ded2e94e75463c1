/** Nights that were, as their files say: for what reads histories, without the hours that it takes to make one. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type BatchSpec, batchFiles } from '../../src/batch/spec.js';

export interface Was {
  target: string;
  date: string;
  /** Default `delivered`. */
  state?: 'delivered' | 'held' | 'failed' | 'cancelled' | 'fetching' | 'delivering';
  rows?: number;
  margin?: number;
  limit?: number;
  /** Six characters. */
  suffix?: string;
}

export async function writeNight(home: string, was: Was): Promise<string> {
  const { target, date, state = 'delivered', rows = 100, margin, limit, suffix = 'aaaaaa' } = was;
  const id = `${target}-${date.replaceAll('-', '')}-${suffix}`;
  const files = batchFiles(home, id);
  const createdAt = `${date}T02:00:00.000Z`;
  const spec: BatchSpec = {
    ...{ id, target, date, createdAt },
    targetFile: path.join(home, `${target}.ts`),
    targetHash: 'none',
    out: path.join(home, 'out'),
    ...(limit === undefined ? {} : { limit }),
  };
  const entries = [
    { at: createdAt, state: 'discovering' },
    { at: `${date}T02:00:05.000Z`, state: 'fetching' },
    ...(state === 'fetching' ? [] : [{ at: `${date}T02:30:00.000Z`, state }]),
  ];
  await mkdir(files.dir, { recursive: true });
  await writeFile(files.spec, JSON.stringify(spec));
  await writeFile(files.journal, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const report = {
    pages: { frontier: rows, completed: rows, gone: 0, skipped: 0, dead: 0, unfinished: 0 },
    rows: { read: rows, delivered: rows, duplicates: 0, quarantined: 0 },
    times: { seconds: 1_800 },
    ...(margin === undefined ? {} : { sla: { margin } }),
  };
  if (state !== 'fetching') await writeFile(files.report, JSON.stringify(report));
  return id;
}
