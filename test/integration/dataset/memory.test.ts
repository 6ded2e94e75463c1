/** Both engines, each in a process of its own: three times the rows must not take more memory. */
import { execFile } from 'node:child_process';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { makeFolder } from './row-files.js';

const LIMIT_MB = 256;
/** DuckDB's buffers fill up to its limit first: from 300,000 rows (150 MB) on they are full. */
const GROWTH = 1.25;

/** `heapMb` bounds JavaScript's own heap: the process dies where it would be exceeded. */
test.each([
  { engine: 'duckdb', rows: 300_000, heapMb: 64, peakMb: 640 },
  { engine: 'parquetjs', rows: 40_000, heapMb: 96, peakMb: 300 },
])(
  '$engine: three times $rows rows take no more memory, and under $peakMb MB',
  async ({ engine, rows, heapMb, peakMb }) => {
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
    const peaks: number[] = [];
    for (const count of [rows, 3 * rows]) {
      const place = join(folder, String(count));
      await mkdir(place);
      const args = [
        `--max-old-space-size=${heapMb}`,
        program,
        engine,
        String(count),
        place,
        String(LIMIT_MB),
      ];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const report = JSON.parse(stdout) as { read: number; delivered: number; peakMb: number };
      expect(report).toMatchObject({ read: count, delivered: (count / 40) * 39 });
      peaks.push(report.peakMb);
      await rm(place, { recursive: true });
    }
    const [small = 0, great = 0] = peaks;
    expect(great, `${small} MB, then ${great} MB`).toBeLessThan(Math.min(peakMb, small * GROWTH));
  },
);
