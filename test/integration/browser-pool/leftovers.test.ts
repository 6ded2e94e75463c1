/** Whose a browser's folder is: what a dead process left is swept, and nothing else. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeBrowserFolder, removeBrowserFolder, sweepLeftovers } from '../../../browser-pool/leftovers.js';
import { root } from '../../support/lab.js';

/** The name of a folder whose owner was ended by SIGKILL. */
function leftBehind(temp: string): string {
  const module = path.join(root, 'dist/browser-pool/leftovers.js');
  const code = `import(process.argv[1]).then(async ({ makeBrowserFolder }) => {
    process.stdout.write(await makeBrowserFolder(process.argv[2]), () => process.kill(process.pid, 'SIGKILL')); });`;
  const { stdout, signal } = spawnSync(process.execPath, ['-e', code, module, temp], { encoding: 'utf8' });
  expect(signal).toBe('SIGKILL');
  return path.basename(stdout);
}

test.runIf(process.platform === 'linux')(
  'what a killed process left is swept, and nothing else',
  async () => {
    const temp = await mkdtemp(path.join(os.tmpdir(), 'thresh-leftovers-'));
    onTestFinished(() => rm(temp, { recursive: true }));
    const daysAgo = new Date(Date.now() - 2 * 24 * 3_600_000);
    const own = path.basename(await makeBrowserFolder(temp));
    const [, pid, started, , place] = own.split('-');

    const dead = leftBehind(temp);
    const reborn = `browser-${pid}-${started}1-7-${place}`; // our pid, given to us after somebody else had it
    const elsewhere = `browser-${dead.split('-')[1]}-${started}-0-abcdef`;
    const silent = 'browser-1-1-0-abcdef';
    const strangers = ['notes-of-somebody', 'browser-1', `browser-${dead.split('-')[1]}-x y-0`];
    for (const name of [reborn, elsewhere, silent, ...strangers]) await mkdir(path.join(temp, name));
    for (const name of [silent, ...strangers]) await utimes(path.join(temp, name), daysAgo, daysAgo);

    expect(await sweepLeftovers(temp)).toBe(3);
    expect((await readdir(temp)).sort()).toEqual([own, elsewhere, ...strangers].sort());

    const moved = path.join(temp, 'moved');
    await rename(path.join(temp, own), moved);
    await removeBrowserFolder(path.join(temp, own));
    expect(await readdir(moved)).toEqual(expect.arrayContaining(['profile', 'tmp']));
  },
);
