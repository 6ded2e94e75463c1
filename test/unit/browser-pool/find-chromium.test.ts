import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findChromium } from '../../../browser-pool/index.js';

let dir: string;
let bin: string;
let browsers: string;
let env: Record<string, string>;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  bin = path.join(dir, 'bin');
  browsers = path.join(dir, 'ms-playwright');
  await mkdir(bin);
  env = { PATH: bin, PLAYWRIGHT_BROWSERS_PATH: browsers, HOME: dir };
});

afterEach(() => rm(dir, { recursive: true, force: true }));

async function program(...names: string[]): Promise<string> {
  const file = path.join(...names);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '#!/bin/sh\n');
  await chmod(file, 0o755);
  return file;
}

const linux = 'linux' as const;

test('CHROMIUM_PATH comes first, and is never replaced in silence', async () => {
  await program(bin, 'chromium');
  const own = await program(dir, 'my', 'chrome');
  expect(findChromium({ env: { ...env, CHROMIUM_PATH: own }, platform: linux })).toMatchObject({
    path: own,
    kind: 'env',
  });
  expect(() => findChromium({ env: { ...env, CHROMIUM_PATH: `${own}-not` }, platform: linux })).toThrow(
    /CHROMIUM_PATH is .*-not, which is not an executable file/,
  );
});

test("then Playwright's own download, the newest build, the shell before the full one", async () => {
  await program(bin, 'chromium');
  await program(browsers, 'chromium-1100', 'chrome-linux', 'chrome');
  const full = await program(browsers, 'chromium-1200', 'chrome-linux', 'chrome');
  expect(findChromium({ env, platform: linux })).toMatchObject({
    path: full,
    kind: 'playwright',
    headed: true,
  });
  const shell = await program(browsers, 'chromium_headless_shell-1200', 'chrome-linux', 'headless_shell');
  expect(findChromium({ env, platform: linux })).toMatchObject({ path: shell, headed: false });
  expect(findChromium({ env, platform: linux, headed: true })).toMatchObject({ path: full });
});

test("then the system's: headless shell, Chromium, Chrome", async () => {
  const chrome = await program(bin, 'google-chrome');
  expect(findChromium({ env, platform: linux })).toMatchObject({ path: chrome, kind: 'google-chrome' });
  const chromium = await program(bin, 'chromium');
  expect(findChromium({ env, platform: linux })).toMatchObject({ path: chromium, kind: 'chromium' });
  const shell = await program(bin, 'chromium-headless-shell');
  expect(findChromium({ env, platform: linux })).toMatchObject({ path: shell, headed: false });
  expect(findChromium({ env, platform: linux, headed: true })).toMatchObject({ path: chromium });
});

test('a file that cannot be executed is none', async () => {
  const file = await program(bin, 'chromium-headless-shell');
  await chmod(file, 0o644);
  expect(findChromium({ env, platform: linux })?.path).not.toBe(file);
});
