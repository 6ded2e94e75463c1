// `npm run sim:throttle`: prints how the throttle and the laws of the field do on the simulated targets.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const folder = await mkdtemp(path.join(tmpdir(), 'thresh-sim-'));
try {
  const outfile = path.join(folder, 'compare.mjs');
  const entry = fileURLToPath(new URL('./compare.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm' });
  const { printComparison } = await import(pathToFileURL(outfile).href);
  printComparison();
} finally {
  await rm(folder, { recursive: true, force: true });
}
