// @ts-check
/** The demo shop in a process of its own, and what its access log says of one contender. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { PRODUCTS } from './course.mjs';

/** @typedef {import('../../shop/access-log.mjs').Entry} Entry */

/**
 * @typedef {object} Asked requests to the shop itself; its third party keeps no log
 * @property {number} requests
 * @property {number} bytes sent, headers included
 * @property {number} firstAtMs epoch, of the first document
 */

/**
 * @typedef {object} ShopProcess
 * @property {string} url without a slash at its end
 * @property {string} others URL pattern of its third party, whose script and beacons no row needs
 * @property {() => Promise<void>} forget begins the log anew
 * @property {() => Promise<Asked>} asked since `forget`
 * @property {() => Promise<void>} stop
 */

const SETTLE_MS = 50;

/** @returns {Promise<ShopProcess>} */
export async function startShopProcess() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'thresh-bench-shop-'));
  const logFile = path.join(folder, 'access.ndjson');
  const child = spawn(
    process.execPath,
    [
      path.resolve(import.meta.dirname, '../../shop/main.mjs'),
      ...['--port', '0', '--products', String(PRODUCTS), '--access-log-file', logFile],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  const [url] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(([code]) => Promise.reject(new Error(`the shop ended with ${code}`))),
  ]);

  const shell = await (await fetch(url)).text();
  const thirdParty = /src="(http:[^"]+)\/analytics\.js"/.exec(shell)?.[1];
  if (thirdParty === undefined) throw new Error('the shop asks no third party');

  /** Once all that was asked is written. @returns {Promise<Entry[]>} */
  async function entries() {
    for (;;) {
      const { requests } = await (await fetch(`${url}/_log?pages=0`)).json();
      const lines = (await readFile(logFile, 'utf8').catch(() => '')).split('\n').slice(0, -1);
      if (lines.length >= requests) return lines.map((line) => JSON.parse(line));
      await delay(SETTLE_MS);
    }
  }
  return {
    url,
    others: `${thirdParty}/*`,
    async forget() {
      await entries();
      await fetch(`${url}/_log`, { method: 'DELETE' });
      await truncate(logFile).catch(() => undefined); // nothing was asked yet
    },
    async asked() {
      const all = await entries();
      const documents = all.filter(({ kind }) => kind === 'document');
      return {
        requests: all.length,
        bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
        firstAtMs: Math.min(...documents.map(({ at, ms }) => Date.parse(at) - ms)),
      };
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
