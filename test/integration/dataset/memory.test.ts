/** Both engines in a process of their own: 200,000 rows must not take memory in proportion. */
import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { makeFolder } from './row-files.js';

const ROWS = 200_000;

/** `heapMb` bounds JavaScript's own heap: the process dies where it would be exceeded. */
test.each([
  { engine: 'duckdb', limitMb: 256, heapMb: 64, peakMb: 480 },
  { engine: 'parquetjs', limitMb: 256, heapMb: 96, peakMb: 350 },
])(
  '$engine builds 200,000 rows (100 MB) under $peakMb MB',
  async ({ engine, limitMb, heapMb, peakMb }) => {
    const folder = await makeFolder();
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    const program = join(folder, 'memory-child.mjs');
    await build({
      entryPoints: [join(import.meta.dirname, 'memory-child.ts')],
      outfile: program,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    const args = [`--max-old-space-size=${heapMb}`, program, engine, String(ROWS), folder, String(limitMb)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const report = JSON.parse(stdout) as { read: number; delivered: number; peakMb: number };
    expect(report).toMatchObject({ read: ROWS, delivered: 195_000 });
    expect(report.peakMb).toBeLessThan(peakMb);
  },
  60_000,
);
