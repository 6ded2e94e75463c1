import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The dashboard of `thresh serve`, as a browser takes it: one script, one style, a page, an icon, in `ui/` below `dist`.
 * Throws where the sources do not go together.
 *
 * @param {string} root of the clone
 * @param {string} dist
 */
export async function bundleDashboard(root, dist) {
  const from = join(root, 'src', 'server', 'ui');
  if (!existsSync(from)) return;
  const { build } = await import('esbuild'); // it is there once the dependencies are
  const to = join(dist, 'ui');
  await mkdir(to, { recursive: true });
  await build({
    entryPoints: [
      { in: join(from, 'main.tsx'), out: 'app' },
      { in: join(from, 'app.css'), out: 'app' },
    ],
    outdir: to,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfigRaw: {},
    logLevel: 'silent',
    legalComments: 'none',
  });
  for (const name of ['index.html', 'icon.svg']) await copyFile(join(from, name), join(to, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  await bundleDashboard(root, join(root, 'dist'));
}
