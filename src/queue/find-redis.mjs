// Plain JavaScript, because the set-up script needs it before anything is compiled.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** BullMQ refuses an older one. */
export const MINIMUM_REDIS = '5.0.0';
/** BullMQ warns about an older one. */
export const RECOMMENDED_REDIS = '6.2.0';

/**
 * @typedef {object} FoundRedis
 * @property {string} path absolute path of the server's binary
 * @property {'redis' | 'valkey'} kind what the binary says that it is, whatever its name
 * @property {string} version `7.0.15`
 */

/**
 * The first `redis-server` or `valkey-server` on the PATH that is at least `MINIMUM_REDIS`; `undefined` when there is
 * none. Runs `--version` of each candidate, at most 5 s each.
 *
 * @param {{ env?: NodeJS.ProcessEnv }} [options] `env` defaults to the process's own; its PATH is searched
 * @returns {FoundRedis | undefined}
 */
export function findRedis({ env = process.env } = {}) {
  for (const path of candidates(env)) {
    const found = askVersion(path);
    if (found && !isOlder(found.version, MINIMUM_REDIS)) return found;
  }
  return undefined;
}

/**
 * Whether version `a` comes before version `b`; both as `1.2.3`, missing parts count as 0.
 *
 * @param {string} a
 * @param {string} b
 */
export function isOlder(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let part = 0; part < 3; part++) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** @param {NodeJS.ProcessEnv} env */
function* candidates(env) {
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of (env.PATH ?? '').split(delimiter)) {
      if (folder === '') continue;
      const path = join(folder, name);
      if (isExecutableFile(path)) yield path;
    }
  }
}

/** @param {string} path */
function isExecutableFile(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * @param {string} path
 * @returns {FoundRedis | undefined}
 */
function askVersion(path) {
  const answer = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    timeout: 5_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // "Redis server v=7.0.15 sha=…", "Valkey server v=8.1.1 sha=…"
  const match = /^(Redis|Valkey) server v=(\d+\.\d+\.\d+)/m.exec(answer.stdout ?? '');
  if (!match?.[1] || !match[2]) return undefined;
  return { path, kind: match[1] === 'Valkey' ? 'valkey' : 'redis', version: match[2] };
}
