import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './run.mjs';

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean, dev?: boolean, link?: boolean }} LockEntry
 */

/**
 * What in node_modules is not as the lockfile says, or `undefined` when all is. npm keeps what it installed in
 * `node_modules/.package-lock.json` and writes it last, so an install that was cut short has none. Development
 * dependencies may be absent as a whole (`npm ci --omit=dev`), optional ones one by one (other platforms).
 *
 * @param {string} root
 * @returns {string | undefined}
 */
export function dependencyProblem(root) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return 'node_modules is missing or incomplete';
  const wanted = readPackages(join(root, 'package-lock.json'));
  if (!wanted) return 'package-lock.json is missing';
  const withoutDev = !Object.values(installed).some((entry) => entry.dev);

  for (const [path, want] of Object.entries(wanted)) {
    if (path === '' || want.link) continue;
    const has = installed[path];
    if (!has) {
      if (want.optional || want.devOptional || want.peer || (want.dev && withoutDev)) continue;
      return `${path} is not installed`;
    }
    if (has.version !== want.version || (want.integrity && has.integrity !== want.integrity)) {
      return `${path} is ${has.version}, package-lock.json says ${want.version}`;
    }
    if (!existsSync(join(root, path, 'package.json'))) return `${path} is not there`;
  }
  return undefined;
}

/**
 * `npm ci` with the npm that belongs to this Node, else the one on the PATH.
 *
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 */
export async function installDependencies(root, env) {
  const beside = join(dirname(process.execPath), 'npm');
  const npm = existsSync(beside) ? beside : 'npm';
  // A production NODE_ENV would leave out the compiler.
  const options = { cwd: root, env: { ...env, NODE_ENV: '' }, timeoutMs: 15 * 60_000 };
  // Without warnings: what the tests check manifests with asks for a later Node, and runs on this one.
  return run([npm, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], options);
}

/**
 * Makes `node_modules/.bin/thresh` lead to this clone's own build. npx finds the package's own command by itself;
 * npm scripts and editors look only here.
 *
 * @param {string} root
 */
export function linkCommand(root) {
  if (lstatSync(join(root, 'node_modules')).isSymbolicLink()) return; // shared with another clone: not ours to point
  const link = join(root, 'node_modules', '.bin', 'thresh');
  const to = join('..', '..', 'dist', 'src', 'cli', 'main.js');
  if (readLink(link) === to) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(to, link);
}

/** @param {string} link */
function readLink(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/**
 * @param {string} file
 * @returns {Record<string, LockEntry> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
