import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { PRODUCT } from '../../src/discovery/user-agent.js';
import { VERSION } from '../../src/version.js';

test('the version is that of package.json, and the user agent names its first two numbers', async () => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  expect((JSON.parse(text) as { version: string }).version).toBe(VERSION);
  expect(`${VERSION}.`).toContain(`${PRODUCT.replace('Thresh/', '')}.`);
});
