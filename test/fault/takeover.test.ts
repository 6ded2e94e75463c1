import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DATE, type FaultLab, hasRead, openFaultLab } from './fault-lab.js';

const PRODUCTS = 18;
let faults: FaultLab;

beforeAll(async () => {
  faults = await openFaultLab(PRODUCTS);
});
afterAll(() => faults?.close());

/** How often each page was rendered so far. */
const rendered = (): Record<string, number> => ({ ...faults.shop.log().rendered });

test('one batch from worker to worker: stopped at once, drained, frozen and killed; the last one delivers it, and what was killed is swept', async () => {
  const { lab } = faults;
  const batch = await faults.open(await faults.target('passed-on', { slow: 150 }));
  const browsers = path.join(lab.home, 'browsers');
  const work = () => lab.start(['worker', '--concurrency', '2']);

  // SIGTERM, and a second signal: it stops at once.
  const stopped = work();
  await hasRead(stopped, 3);
  stopped.child.kill('SIGTERM');
  await stopped.says(/stopping/);
  stopped.child.kill('SIGTERM');
  expect((await stopped.ended).code).toBe(0);
  const before = rendered();

  // SIGTERM alone drains: what it rendered is done for good.
  const drained = work();
  await hasRead(drained, 3);
  drained.child.kill('SIGTERM');
  expect((await drained.ended).code).toBe(0);
  expect(await readdir(browsers)).toEqual([]);
  const after = rendered();
  const done = Object.keys(after).filter((page) => after[page] !== before[page]);
  expect(done.length).toBeGreaterThanOrEqual(3);

  // One that is frozen keeps its batch: another leaves it alone, says so once, and goes on without a command when it is dead.
  const frozen = work();
  await hasRead(frozen, 3);
  frozen.child.kill('SIGSTOP');
  const last = work();
  await last.says(/"batch\.left-to"/);
  expect(await faults.states(batch)).toEqual(['discovering', 'fetching']);
  frozen.child.kill('SIGKILL');
  await frozen.ended;
  await faults.reaches(batch, 'delivered');
  expect(last.said().match(/"batch\.left-to"/g)?.length).toBe(1);
  await faults.expectTheTruth('passed-on', 4); // two in flight at each of two ends
  const end = rendered();
  for (const page of done) expect(end[page], page).toBe(after[page]);
  last.child.kill('SIGTERM');
  expect((await last.ended).code).toBe(0);

  // Whoever comes next sweeps what the killed one left, and only that.
  const left = (await readdir(browsers)).filter((name) => name.includes(`-${frozen.child.pid}-`));
  expect(left.length).toBeGreaterThan(0);
  const alive = `browser-${process.pid}-0-0`; // its owner runs
  const foreign = 'notes-of-somebody';
  for (const name of [alive, foreign]) await mkdir(path.join(browsers, name));
  faults.shop.clearLog();
  await twoRunsOfOneBatch();
  expect((await readdir(browsers)).sort()).toEqual([alive, foreign].sort());
});

/** One of two commands for the same target and date runs the batch, the other watches, both end well. */
async function twoRunsOfOneBatch(): Promise<void> {
  const { lab } = faults;
  const target = await faults.target('twice');
  const runs = [1, 2].map(() => lab.start(['run', target, '--date', DATE, '--concurrency', '2', '--json']));
  const ends = await Promise.all(runs.map(({ ended }) => ended));
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);
  const [a, b] = ends.map(({ stdout }) => JSON.parse(stdout) as { batch: string });
  expect(a?.batch).toBe(b?.batch);
  for (const state of ['fetching', 'aggregating', 'delivering', 'delivered']) {
    const entered = ends.flatMap(
      ({ stderr }) => stderr.match(new RegExp(`"state":"${state}","msg":"batch.entered"`, 'g')) ?? [],
    );
    expect(entered.length, state).toBe(1);
  }
  await faults.expectTheTruth('twice', 0);
}
