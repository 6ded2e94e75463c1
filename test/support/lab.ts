/**
 * A place of its own for one test file: a temp folder with its home, its output and its targets, the `thresh` command
 * as users run it, and readers of what came out. `close` proves that nothing of it is left running.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Manifest } from '../../src/delivery/manifest.js';

export const root = path.resolve(import.meta.dirname, '../..');
const command = path.join(root, 'dist/src/cli/main.js');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** What it has said so far. */
  said: () => string;
  /** Resolves when stderr or stdout matches; rejects when it ends before. */
  says: (pattern: RegExp) => Promise<void>;
  ended: Promise<Ended>;
}

export interface Lab {
  dir: string;
  home: string;
  out: string;
  /** Writes `targets/NAME.ts` in the lab, outside the project; returns its path. */
  target(name: string, code: string): Promise<string>;
  thresh(args: readonly string[], env?: Record<string, string>): Promise<Ended>;
  /** Any other program, in the same environment. */
  shell(program: string, args: readonly string[], env?: Record<string, string>): Promise<Ended>;
  start(args: readonly string[], env?: Record<string, string>): Running;
  /** The same by way of another program: `ip netns exec HOST`. */
  startBy(way: readonly string[], args: readonly string[], env?: Record<string, string>): Running;
  /** The manifest of what stands delivered. */
  manifest(target: string, date: string): Promise<{ folder: string; manifest: Manifest }>;
  /** What DuckDB makes of a query; `FILES` in it stands for the delivered files of the target. */
  query(target: string, date: string, sql: string): Promise<Record<string, unknown>[]>;
  /** The lines of a file under `_runs/BATCH/`. */
  lines(target: string, batch: string, file: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function openLab(env: Record<string, string> = {}): Promise<Lab> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  const home = path.join(dir, 'home');
  const out = path.join(dir, 'out');
  const children = new Set<ChildProcess>();
  await mkdir(path.join(dir, 'targets'));

  const start = (args: readonly string[], more: Record<string, string> = {}): Running =>
    launch(process.execPath, [command, ...args], more);

  function launch(program: string, args: readonly string[], more: Record<string, string>): Running {
    const child = spawn(program, args, {
      cwd: dir,
      env: { ...process.env, NO_COLOR: '1', THRESH_HOME: home, THRESH_OUT: out, ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    let stdout = '';
    let stderr = '';
    const watchers = new Set<() => void>();
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
      for (const look of watchers) look();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
      for (const look of watchers) look();
    });
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code) => {
        children.delete(child);
        resolve({ code, stdout, stderr });
      });
    });
    const said = (): string => stderr + stdout;
    return {
      child,
      said,
      ended,
      says: (pattern) =>
        new Promise((resolve, reject) => {
          const look = (): void => {
            if (!pattern.test(said())) return;
            watchers.delete(look);
            resolve();
          };
          watchers.add(look);
          look();
          void ended.then(() => reject(new Error(`it ended without saying ${pattern}:\n${said()}`)));
        }),
    };
  }

  async function manifest(target: string, date: string): Promise<{ folder: string; manifest: Manifest }> {
    const folder = path.join(out, target, `date=${date}`);
    return { folder, manifest: JSON.parse(await readFile(path.join(folder, '_SUCCESS'), 'utf8')) };
  }

  return {
    dir,
    home,
    out,
    start,
    startBy: ([program = '', ...way], args, more = {}) =>
      launch(program, [...way, process.execPath, command, ...args], more),
    thresh: (args, more) => start(args, more).ended,
    shell: (program, args, more = {}) => launch(program, args, more).ended,
    async target(name, code) {
      const file = path.join(dir, 'targets', `${name}.ts`);
      await writeFile(file, code);
      return file;
    },
    manifest,
    async query(target, date, sql) {
      const { folder, manifest: delivered } = await manifest(target, date);
      const files = delivered.files.map(({ name }) => `'${path.join(folder, name)}'`).join(', ');
      const instance = await DuckDBInstance.create();
      const connection = await instance.connect();
      try {
        const result = await connection.runAndReadAll(sql.replaceAll('FILES', `read_parquet([${files}])`));
        return result.getRowObjectsJson() as Record<string, unknown>[];
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    },
    async lines(target, batch, file) {
      const text = await readFile(path.join(out, target, '_runs', batch, file), 'utf8');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    async close() {
      for (const child of children) child.kill('SIGKILL');
      const left = await remaining(dir);
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
      if (left !== '') throw new Error(`left running by the tests:\n${left}`);
    },
  };
}

/** Processes that name this folder, once they have had time to end. */
async function remaining(dir: string): Promise<string> {
  for (let look = 0; ; look++) {
    const { stdout } = spawnSync('pgrep', ['-af', dir], { encoding: 'utf8' });
    if (stdout === '' || look >= 50) return stdout ?? '';
    await delay(100);
  }
}
