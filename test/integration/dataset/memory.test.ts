/**
 * Both engines, each in a process of its own, against a bound that does not depend on the rows. DuckDB's own limit does
 * not count its writer's buffers nor what the C library keeps back, so its peak varies: 530 to 820 MB were seen for
 * 900,000 rows (450 MB), where holding the rows takes over 1.5 GB. `npm run test:memory` takes that many; without it there
 * are fewer runs, still of more rows than the bound has room for.
 */
import { execFile } from 'node:child_process';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { isLong } from '../../support/long.js';
import { makeFolder } from './row-files.js';

const LIMIT_MB = 256;

const FULL = [
  { engine: 'duckdb', counts: [900_000], heapMb: 64, peakMb: 950 },
  { engine: 'parquetjs', counts: [40_000, 120_000], heapMb: 96, peakMb: 300 },
];
const SHORT = [
  { engine: 'duckdb', counts: [600_000], heapMb: 64, peakMb: 950 },
  { engine: 'parquetjs', counts: [80_000], heapMb: 64, peakMb: 300 },
];

/** `heapMb` bounds JavaScript's own heap: the process dies where it would be exceeded. */
test.each(process.env.TEST_MEMORY === 'full' || isLong ? FULL : SHORT)(
  '$engine: $counts rows under $peakMb MB',
  async ({ engine, counts, heapMb, peakMb }) => {
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
    for (const count of counts) {
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
    expect(Math.max(...peaks), `${peaks} MB`).toBeLessThan(peakMb);
  },
);
