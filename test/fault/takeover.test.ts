import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Running } from '../support/lab.js';
import { isLong } from '../support/long.js';
import { DATE, type FaultLab, hasRead, openFaultLab } from './fault-lab.js';

const PRODUCTS = isLong ? 18 : 12;
let faults: FaultLab;

beforeAll(async () => {
  faults = await openFaultLab(PRODUCTS);
});
afterAll(() => faults?.close());

/** How often each page was rendered so far. */
const rendered = (): Record<string, number> => ({ ...faults.shop.log().rendered });

test('one batch from process to process: stopped at once, frozen and killed; of two commands that find it one ends it, and the other watches', async () => {
  const { lab } = faults;
  const target = await faults.target('passed-on', { slow: 150 });
  const batch = await faults.open(target);
  const work = () => lab.start(['worker', '--concurrency', '2']);

  // SIGTERM, and a second signal: it stops at once.
  const stopped = work();
  await hasRead(stopped, 3);
  stopped.child.kill('SIGTERM');
  await stopped.says(/stopping/);
  stopped.child.kill('SIGTERM');
  expect((await stopped.ended).code).toBe(0);
  const done = isLong ? await drains(work()) : {};

  // One that is frozen keeps its batch: others leave it alone, say so once, and go on without a command when it is dead.
  const frozen = work();
  await hasRead(frozen, 3);
  frozen.child.kill('SIGSTOP');
  const runs = [1, 2].map(() => lab.start(['run', target, '--date', DATE, '--concurrency', '2', '--json']));
  await Promise.race(runs.map((run) => run.says(/"batch\.left-to"/)));
  expect(await faults.states(batch)).toEqual(['discovering', 'fetching']);
  frozen.child.kill('SIGKILL');
  await frozen.ended;
  await expectOneToEndIt(runs, path.basename(batch));
  await faults.expectTheTruth('passed-on', 4); // two in flight at each of two ends
  expect(rendered()).toMatchObject(done);
  if (isLong) await expectSwept(frozen, work);
});

/** SIGTERM alone: what it rendered is done for good. How often that was rendered until then. */
async function drains(worker: Running): Promise<Record<string, number>> {
  const before = rendered();
  await hasRead(worker, 3);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  expect(await readdir(path.join(faults.lab.home, 'browsers'))).toEqual([]);
  const done = Object.entries(rendered()).filter(([page, times]) => times !== before[page]);
  expect(done.length).toBeGreaterThanOrEqual(3);
  return Object.fromEntries(done);
}

/** Both end well, with the same batch. */
async function expectOneToEndIt(runs: readonly Running[], batch: string): Promise<void> {
  const ends = await Promise.all(runs.map(({ ended }) => ended));
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);
  expect(ends.map(({ stdout }) => JSON.parse(stdout).batch)).toEqual([batch, batch]);
  for (const { stderr } of ends) expect(stderr.split('"batch.left-to"').length - 1).toBeLessThanOrEqual(1);
  for (const state of ['aggregating', 'delivering', 'delivered']) {
    const entered = ends.flatMap(
      ({ stderr }) => stderr.match(new RegExp(`"state":"${state}","msg":"batch.entered"`, 'g')) ?? [],
    );
    expect(entered.length, state).toBe(1);
  }
}

/** Whoever comes next sweeps what the killed one left, and only that. */
async function expectSwept(killed: Running, work: () => Running): Promise<void> {
  const browsers = path.join(faults.lab.home, 'browsers');
  const left = (await readdir(browsers)).filter((name) => name.includes(`-${killed.child.pid}-`));
  expect(left.length).toBeGreaterThan(0);
  const alive = `browser-${process.pid}-0-0`; // its owner runs
  const foreign = 'notes-of-somebody';
  for (const name of [alive, foreign]) await mkdir(path.join(browsers, name));
  const next = work();
  await next.says(/working for the farm/);
  next.child.kill('SIGTERM');
  expect((await next.ended).code).toBe(0);
  expect((await readdir(browsers)).sort()).toEqual([alive, foreign].sort());
}
