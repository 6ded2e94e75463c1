import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Read with our own code as one: of the second of CPU that `thresh run` took to be loaded, half went into finding and
 * linking the eight hundred files of these and of ours. Not those that a target imports, too (zod): a schema has to be
 * of the same class on both sides; nor those that bring files of their own, or are loaded by few commands.
 */
const TAKEN_IN = new Set([
  'bullmq',
  'commander',
  'cron-parser',
  'generic-pool',
  'hdr-histogram-js',
  'ioredis',
]);

/**
 * The command and the public API as few files: `src/cli/main.js`, `src/index.js`, and what they share in `src/chunks/`,
 * as deep below `dist` as the modules that they are made of, so that paths relative to those stay right.
 *
 * @param {string} root of the clone
 * @param {string} dist
 */
export async function bundleCommand(root, dist) {
  const entries = ['src/cli/main.ts', 'src/index.ts'];
  if (!entries.every((entry) => existsSync(join(root, entry)))) return;
  const { build } = await import('esbuild'); // it is there once the dependencies are
  await rm(join(dist, 'src', 'chunks'), { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outbase: '.',
    outdir: dist,
    chunkNames: 'src/chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    minifyWhitespace: true, // names stay as they are: they stand in stacks, and some functions are sent to pages
    sourcemap: true,
    sourcesContent: false,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Packages of CommonJS ask for what they need as they run.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'silent',
    legalComments: 'inline',
    plugins: [{ name: 'packages', setup: keepPackages }],
  });
}

/** @param {import('esbuild').PluginBuild} build */
function keepPackages(build) {
  build.onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
    if (kind === 'entry-point' || path.startsWith('node:')) return undefined;
    const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/');
    if (TAKEN_IN.has(name) || importer.includes('node_modules')) return undefined;
    return { path, external: true };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  await bundleCommand(root, join(root, 'dist'));
}
