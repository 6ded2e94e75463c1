import { ChromiumPathError, findChromium } from '../browser-pool/find-chromium.mjs';
import { findRedis, isOlder, MINIMUM_REDIS, RECOMMENDED_REDIS } from '../src/queue/find-redis.mjs';
import { isBuildFresh } from './build.mjs';
import { dependencyProblem } from './dependencies.mjs';
import { commandToType, findManager, onPath } from './system.mjs';

const OLDEST_NODE = '20.19.0';

/**
 * One thing that the farm needs. `thresh doctor` shows the same.
 *
 * @typedef {object} Finding
 * @property {'node' | 'dependencies' | 'build' | 'chromium' | 'redis'} name
 * @property {boolean} ok
 * @property {string} found what is there, or what is wrong, in a few words
 * @property {string} [mend] what to type; there when not `ok`, and at times when it could be better
 */

/**
 * Looks, changes nothing.
 *
 * @param {string} root the clone
 * @param {NodeJS.ProcessEnv} env
 * @returns {Finding[]}
 */
export function look(root, env) {
  return [
    lookForNode(),
    lookForDependencies(root),
    lookForBuild(root),
    lookForChromium(env),
    lookForRedis(env),
  ];
}

/** @returns {Finding} */
export function lookForNode() {
  const version = process.versions.node;
  if (!isOlder(version, OLDEST_NODE)) return { name: 'node', ok: true, found: `Node ${version}` };
  return {
    name: 'node',
    ok: false,
    found: `Node ${version}; ${OLDEST_NODE} or later is needed`,
    mend: 'install a current Node from https://nodejs.org/en/download',
  };
}

/**
 * @param {string} root
 * @returns {Finding}
 */
export function lookForDependencies(root) {
  const problem = dependencyProblem(root);
  if (problem === undefined) return { name: 'dependencies', ok: true, found: 'as package-lock.json says' };
  return { name: 'dependencies', ok: false, found: problem, mend: 'node setup.mjs' };
}

/**
 * @param {string} root
 * @returns {Finding}
 */
export function lookForBuild(root) {
  if (isBuildFresh(root)) return { name: 'build', ok: true, found: 'dist/ is that of these sources' };
  return {
    name: 'build',
    ok: false,
    found: 'dist/ is missing or older than the sources',
    mend: 'node setup.mjs',
  };
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Finding}
 */
export function lookForChromium(env) {
  try {
    const chromium = findChromium({ env });
    if (chromium) return { name: 'chromium', ok: true, found: `${chromium.path} (${chromium.kind})` };
  } catch (error) {
    if (!(error instanceof ChromiumPathError)) throw error;
    return {
      name: 'chromium',
      ok: false,
      found: error.message,
      mend: 'set CHROMIUM_PATH right, or unset it',
    };
  }
  return {
    name: 'chromium',
    ok: false,
    found: 'none',
    mend: commandToType(findManager(env), 'chromium', env),
  };
}

/**
 * What the tests need beside the farm's own needs: what opens a window where there is no screen, and an S3-compatible
 * server.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function missingForTests(env) {
  /** @type {('window' | 'display' | 's3')[]} */
  const missing = [];
  if (env.CHROMIUM_PATH === undefined && findChromium({ headed: true, env }) === undefined)
    missing.push('window');
  if (!env.DISPLAY && process.platform === 'linux' && !onPath('Xvfb', env)) missing.push('display');
  if (!onPath('swift-proxy-server', env) || !onPath('memcached', env)) missing.push('s3');
  return missing;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Finding}
 */
export function lookForRedis(env) {
  if (env.REDIS_URL)
    return { name: 'redis', ok: true, found: 'REDIS_URL is set, so none of our own is needed' };
  const redis = findRedis({ env });
  const mend = () => commandToType(findManager(env), 'redis', env);
  if (!redis)
    return {
      name: 'redis',
      ok: false,
      found: `no redis-server or valkey-server from ${MINIMUM_REDIS} on`,
      mend: mend(),
    };
  const found = `${redis.path} (${redis.kind} ${redis.version})`;
  if (!isOlder(redis.version, RECOMMENDED_REDIS)) return { name: 'redis', ok: true, found };
  return {
    name: 'redis',
    ok: true,
    found: `${found}; ${RECOMMENDED_REDIS} or later is better`,
    mend: mend(),
  };
}
