import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { enterState, followJournal } from '../../../src/batch/journal.js';

test('who follows a journal sees each state at once, and no torn line', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'journal.ndjson');
  const standing = followJournal(file);
  expect(await standing()).toBeUndefined();
  for (const state of ['discovering', 'fetching', 'aggregating'] as const) {
    await enterState(file, state);
    expect((await standing())?.state).toBe(state);
    expect((await standing())?.state).toBe(state);
  }
  await appendFile(file, '{"state":"gat');
  expect((await standing())?.state).toBe('aggregating');
});
