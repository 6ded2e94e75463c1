import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DATE, type FaultLab, hasRead, openFaultLab } from './fault-lab.js';

const PRODUCTS = 18;
let faults: FaultLab;

beforeAll(async () => {
  faults = await openFaultLab(PRODUCTS);
});
beforeEach(() => faults.shop.clearLog());
afterAll(() => faults?.close());

test('kill -9 of the only worker: a new worker goes on without a command, and sweeps what it left and only that', async () => {
  const { lab } = faults;
  const batch = await faults.open(await faults.target('orphaned'));
  const browsers = path.join(lab.home, 'browsers');
  const first = lab.start(['worker', '--concurrency', '2']);
  await hasRead(first, PRODUCTS / 3);
  first.child.kill('SIGKILL');
  await first.ended;
  const leftovers = (await readdir(browsers)).filter((name) => name.includes(`-${first.child.pid}-`));
  expect(leftovers.length).toBeGreaterThan(0);
  const alive = `browser-${process.pid}-0-0`; // its owner runs
  const foreign = 'notes-of-somebody';
  for (const name of [alive, foreign]) await mkdir(path.join(browsers, name));

  const second = lab.start(['worker', '--concurrency', '2']);
  await faults.reaches(batch, 'delivered');
  const now = await readdir(browsers);
  expect(now).not.toEqual(expect.arrayContaining([leftovers[0]]));
  expect(now).toEqual(expect.arrayContaining([alive, foreign]));
  await faults.expectTheTruth('orphaned', 2);
  second.child.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);
  expect((await readdir(browsers)).sort()).toEqual([alive, foreign].sort());
});

test('two commands for the same target and date: one runs the batch, the other watches, both end well', async () => {
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
});

test('a frozen runner keeps its batch: another worker leaves it alone, says so once, and goes on when it is dead', async () => {
  const { lab } = faults;
  const batch = await faults.open(await faults.target('frozen-runner'));
  const first = lab.start(['worker', '--concurrency', '2']);
  await hasRead(first, PRODUCTS / 3);
  first.child.kill('SIGSTOP');
  const second = lab.start(['worker', '--concurrency', '2']);
  await second.says(/"batch\.left-to"/);
  expect(await faults.states(batch)).toEqual(['discovering', 'fetching']);
  first.child.kill('SIGKILL');
  await faults.reaches(batch, 'delivered');
  expect(second.said().match(/"batch\.left-to"/g)?.length).toBe(1);
  await faults.expectTheTruth('frozen-runner', 2);
  second.child.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);
});

test('SIGTERM drains; a second signal stops at once; both can be resumed', async () => {
  const { lab } = faults;
  const batch = await faults.open(await faults.target('stopped', { slow: 400 }));
  const first = lab.start(['worker', '--concurrency', '2']);
  await hasRead(first, PRODUCTS / 6);
  first.child.kill('SIGTERM');
  expect((await first.ended).code).toBe(0);
  const { pagesRendered, renderedTimes } = faults.shop.log();
  expect(renderedTimes).toEqual({ 1: pagesRendered });

  const second = lab.start(['worker', '--concurrency', '2']);
  await hasRead(second, PRODUCTS / 6);
  second.child.kill('SIGTERM');
  await second.says(/stopping/);
  second.child.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);

  const third = lab.start(['worker', '--concurrency', '2']);
  await faults.reaches(batch, 'delivered');
  await faults.expectTheTruth('stopped', 2);
  third.child.kill('SIGTERM');
  expect((await third.ended).code).toBe(0);
});
