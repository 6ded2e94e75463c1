import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdKeeper, type KeeperFiles } from '../../../src/queue/redis-keeper.js';

let dir: string;
let files: KeeperFiles;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-keeper-test-'));
  const at = (name: string): string => path.join(dir, name);
  files = { dir, socket: at('sock'), pipe: at('users.fifo'), pid: at('pid'), log: at('log') };
  execFileSync('mkfifo', [files.pipe]);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

test('a keeper that has no time to read is asked once, not until its pipe is full', async () => {
  const keeper = await open(files.pipe, constants.O_RDWR | constants.O_NONBLOCK);
  expect(await holdKeeper(files, Date.now() + 300)).toBeUndefined();
  const { buffer, bytesRead } = await keeper.read(Buffer.alloc(65_536));
  expect(buffer.toString('utf8', 0, bytesRead)).toMatch(/^joining-\d+-\d+\n$/);
  expect(await readdir(dir)).toEqual(['users.fifo']);
  await keeper.close();
});

test('a keeper that goes, or makes room for another one, is not waited for', async () => {
  const far = Date.now() + 60_000;
  expect(await holdKeeper(files, far)).toBeUndefined();
  const first = await open(files.pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const gone = holdKeeper(files, far);
  await first.close();
  expect(await gone).toBeUndefined();

  const second = await open(files.pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const replaced = holdKeeper(files, far);
  await rm(files.pipe);
  execFileSync('mkfifo', [files.pipe]);
  const third = await open(files.pipe, constants.O_RDWR | constants.O_NONBLOCK);
  expect(await replaced).toBeUndefined();
  await Promise.all([second.close(), third.close()]);
});
