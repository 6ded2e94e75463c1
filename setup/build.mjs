import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCommand } from './bundle-command.mjs';
import { bundleDashboard } from './bundle-dashboard.mjs';
import { run } from './run.mjs';

const STAMP = join('dist', '.thresh-build');
const SOURCES = ['src', 'browser-pool'];
const BUNDLERS = ['bundle-command.mjs', 'bundle-dashboard.mjs'].map((name) => join('setup', name));
const ENTRY = join('src', 'cli', 'main.js');

/**
 * Whether `dist/` was compiled from exactly these sources: the stamp in it is a hash of their contents.
 *
 * @param {string} root
 */
export function isBuildFresh(root) {
  try {
    return readFileSync(join(root, STAMP), 'utf8') === hashSources(root);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Compiles beside `dist/` and swaps, so that a command that starts meanwhile sees the old build or the new one, and
 * nothing of a deleted source stays behind.
 *
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 */
export async function build(root, env) {
  const hash = hashSources(root);
  const fresh = join(root, 'dist.new');
  const old = join(root, 'dist.old');
  rmSync(fresh, { recursive: true, force: true });
  rmSync(old, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const result = await run([process.execPath, tsc, '-p', root, '--outDir', fresh], {
    cwd: root,
    env,
    timeoutMs: 5 * 60_000,
  });
  if (!result.ok) {
    rmSync(fresh, { recursive: true, force: true });
    return result;
  }
  await bundleCommand(root, fresh);
  await bundleDashboard(root, fresh);
  if (existsSync(join(fresh, ENTRY))) chmodSync(join(fresh, ENTRY), 0o755);
  writeFileSync(join(fresh, '.thresh-build'), hash);
  if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
  renameSync(fresh, join(root, 'dist'));
  rmSync(old, { recursive: true, force: true });
  return result;
}

/** @param {string} root */
function hashSources(root) {
  const hash = createHash('sha256');
  for (const path of [
    'tsconfig.json',
    'package-lock.json',
    ...BUNDLERS.filter((file) => existsSync(join(root, file))),
    ...SOURCES.flatMap((folder) => listFiles(root, folder)),
  ]) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]} paths from the root, sorted
 */
function listFiles(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}
