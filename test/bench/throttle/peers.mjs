// @ts-check
/** What is compared with and drawn with: installed into `test/bench/peers` when it is first needed. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';

const peers = path.resolve(import.meta.dirname, '../peers');

/** Exactly what the lockfile of the folder names. Throws when npm cannot. */
export function installPeers() {
  const installed = modified(path.join(peers, 'node_modules/.package-lock.json'));
  if (installed !== undefined && installed >= (modified(path.join(peers, 'package-lock.json')) ?? 0)) return;
  console.error('installing what is compared with (about 70 MB, once) …');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--silent'], {
    cwd: peers,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error(`npm ci in ${peers} ended with ${status}; \`--no-peers\` goes without`);
}

/**
 * @param {object} spec Vega-Lite
 * @returns {Promise<string>} an SVG
 */
export async function drawSvg(spec) {
  const child = spawn(process.execPath, [path.join(peers, 'draw.mjs')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(spec));
  const [svg, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`drawing ended with ${code}`);
  return svg;
}

/** @param {string} file */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
