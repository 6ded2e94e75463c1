import { spawnSync } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { DATE, type FaultLab, hasRead, openFaultLab } from './fault-lab.js';

const PRODUCTS = 30;
let faults: FaultLab;
let batches: string;
const mounted = new Set<string>();

/** As root, and where containers are allowed to. */
function mount(...args: string[]): boolean {
  const place = args.at(-1) ?? '';
  const done = spawnSync('mount', args).status === 0;
  if (done) mounted.add(place);
  return done;
}

function unmount(place: string): void {
  if (spawnSync('umount', ['-l', place]).status === 0) mounted.delete(place);
}

beforeAll(async () => {
  faults = await openFaultLab(PRODUCTS);
  batches = path.join(faults.lab.home, 'batches');
  await mkdir(batches, { recursive: true });
});
beforeEach(() => faults.shop.clearLog());
afterEach(() => {
  for (const place of [...mounted].reverse()) unmount(place);
});
afterAll(() => faults?.close());

/** Takes all room of a disk; returns how to free it. */
async function fill(dir: string): Promise<() => Promise<void>> {
  const file = path.join(dir, 'filler');
  const handle = await open(file, 'w');
  for (const size of [1 << 20, 1 << 12, 1]) {
    const block = Buffer.alloc(size);
    for (;;) {
      const written = await handle.write(block).catch(() => undefined);
      if (written === undefined || written.bytesWritten < size) break;
    }
  }
  await handle.close();
  return () => rm(file);
}

test('a full disk: the worker says it in one line a page in flight, waits, and goes on when there is room', async (context) => {
  if (!mount('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', batches)) context.skip('no tmpfs may be mounted here');
  const batch = await faults.open(await faults.target('full'));
  const worker = faults.lab.start(['worker', '--concurrency', '2']);
  await hasRead(worker, PRODUCTS / 3);
  const free = await fill(batches);
  await worker.says(/"rows\.waited-for-disk"|"batch\.waited"/);
  await worker.says(/no space left/i);
  await free();
  await faults.reaches(batch, 'delivered');
  expect(worker.said().match(/waited-for-disk/g)?.length ?? 0).toBeLessThanOrEqual(2);
  await faults.expectTheTruth('full', 0);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
}, 120_000);

test('a full disk under the output folder: the delivery waits, and is not failed', async (context) => {
  const { out } = faults.lab;
  await mkdir(out, { recursive: true });
  if (!mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', out)) context.skip('no tmpfs may be mounted here');
  const batch = await faults.open(await faults.target('full-out'));
  const free = await fill(out);
  const worker = faults.lab.start(['worker', '--concurrency', '2']);
  await worker.says(/"batch\.waited"/);
  expect(await faults.states(batch)).not.toContain('delivered');
  await free();
  await faults.reaches(batch, 'delivered');
  expect(await faults.states(batch)).not.toContain('failed');
  expect(worker.said().match(/"batch\.waited"/g)?.length).toBe(1);
  await faults.expectTheTruth('full-out', 0);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
}, 120_000);

test('a read-only segment folder: said, waited for, and the pages that wait are not rendered again', async (context) => {
  const batch = await faults.open(await faults.target('read-only'));
  const segments = path.join(batch, 'segments');
  if (!mount('--bind', segments, segments) || !mount('-o', 'remount,bind,ro', segments))
    context.skip('no bind mount is allowed here');
  const worker = faults.lab.start(['worker', '--concurrency', '2']);
  await worker.says(/"rows\.waited-for-disk"/);
  await worker.says(/read-only/i);
  expect(faults.shop.log().pagesRendered).toBeLessThanOrEqual(4);
  unmount(segments);
  await faults.reaches(batch, 'delivered');
  await faults.expectTheTruth('read-only', 0);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
}, 120_000);

test('the segment folder deleted in the middle: what it held is fetched again, and nothing is missing', async () => {
  const target = await faults.target('deleted');
  const run = faults.lab.start(['run', target, '--date', DATE, '--concurrency', '2', '--json']);
  await hasRead(run, PRODUCTS / 3);
  const { stdout } = spawnSync('ls', [batches], { encoding: 'utf8' });
  const [batch] = stdout.split('\n').filter((name) => name.startsWith('deleted-'));
  await rm(path.join(batches, batch ?? '', 'segments'), { recursive: true });
  const { code, stdout: report, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(report).pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS });
  expect(stderr).toMatch(/the segments lack \d+ pages that had their outcome/);
  await faults.expectTheTruth('deleted', PRODUCTS);
}, 120_000);
