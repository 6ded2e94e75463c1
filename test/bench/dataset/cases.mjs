// @ts-check
/** One run of one case in a process of its own, with what its process tree held at most. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { digestOf } from './digest.mjs';
import { PLAIN } from './plain.mjs';
import { watchTree } from './tree-peak.mjs';

/**
 * @typedef {object} Case
 * @property {string} id
 * @property {string} title
 * @property {(segments: string, out: string) => { args: string[], files: string }} run
 */

/**
 * @typedef {object} Run
 * @property {number} seconds
 * @property {number} cpuSeconds of the process and what it started
 * @property {number} peakMb resident, of the process itself
 * @property {number} treeMb resident, of the process and what it started, at once
 * @property {import('./digest.mjs').Digest} digest
 */

const script = (/** @type {string} */ name) => path.join(import.meta.dirname, name);

/** @param {'duckdb' | 'parquetjs'} engine @param {string} title @returns {Case} */
export function threshCase(engine, title) {
  return {
    id: engine === 'duckdb' ? 'thresh' : engine,
    title,
    run: (segments, out) => ({
      args: [script('farm-process.mjs'), engine, segments, out],
      files: path.join(out, 'dataset', '*.parquet'),
    }),
  };
}

/** @param {number} partitionMb @returns {Case} */
export function partitionsCase(partitionMb) {
  return {
    id: 'partitions',
    title: `Thresh, in partitions of ${partitionMb} MB of segments`,
    run: (segments, out) => ({
      args: [
        script('partitions-process.mjs'),
        'duckdb',
        segments,
        path.join(out, 'work'),
        String(partitionMb),
      ],
      files: path.join(out, 'work', 'dataset', '*.parquet'),
    }),
  };
}

/** @param {keyof typeof PLAIN} which @returns {Case} */
export function plainCase(which) {
  return {
    id: which,
    title: PLAIN[which].title,
    run: (segments, out) => ({
      args: [script('plain-process.mjs'), which, segments, path.join(out, 'plain.parquet')],
      files: path.join(out, 'plain.parquet'),
    }),
  };
}

/**
 * @param {Case} which
 * @param {{ segments: string, temp: string }} folders
 * @returns {Promise<Run>}
 */
export async function runCase(which, { segments, temp }) {
  const out = path.join(temp, 'out');
  await mkdir(out, { recursive: true });
  try {
    const { args, files } = which.run(segments, out);
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const tree = watchTree(child.pid ?? 0);
    const ended = once(child, 'exit');
    const said = await text(child.stdout);
    const [code] = await ended;
    const treeMb = tree.stop();
    if (code !== 0) throw new Error(`${which.title} ended with ${code}`);
    const cost = /** @type {import('./process-cost.mjs').Cost} */ (JSON.parse(said));
    return { ...cost, treeMb: Math.max(treeMb, cost.peakMb), digest: await digestOf(files) };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
