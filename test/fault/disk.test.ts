import { spawnSync } from 'node:child_process';
import { mkdir, open, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Running } from '../support/lab.js';
import { isLong, longOnly } from '../support/long.js';
import { DATE, type FaultLab, hasRead, openFaultLab } from './fault-lab.js';

const PRODUCTS = isLong ? 30 : 18;
/** Room for the rest of the segment, and not for all rows once more. */
const ROOM_FOR_ROWS = isLong ? 20 * 1_024 : 12 * 1_024;
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

interface Filled {
  /** Room for this many bytes and no more. */
  leave(bytes: number): Promise<void>;
  free(): Promise<void>;
}

/** Takes all room of a disk. */
async function fill(dir: string): Promise<Filled> {
  const file = path.join(dir, 'filler');
  const handle = await open(file, 'w');
  for (const size of [1 << 20, 1 << 12, 1]) {
    const block = Buffer.alloc(size);
    for (;;) {
      const written = await handle.write(block).catch(() => undefined);
      if (written === undefined || written.bytesWritten < size) break;
    }
  }
  const { size } = await handle.stat();
  await handle.close();
  return { leave: (bytes) => truncate(file, size - bytes), free: () => rm(file) };
}

const waits = (said: string): number => said.match(/"msg":"batch\.waited"/g)?.length ?? 0;

const wentOn = (said: string): number => said.match(/"msg":"batch\.went-on"/g)?.length ?? 0;

async function stop(worker: Running): Promise<void> {
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
}

test('a disk that refuses in state after state: each time it is said once, status says why, and it goes on when there is room', async (context) => {
  const { out } = faults.lab;
  await mkdir(out, { recursive: true });
  if (!mount('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', batches)) context.skip('no tmpfs may be mounted here');
  if (!mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', out)) context.skip('no tmpfs may be mounted here');
  const batch = await faults.open(await faults.target('full'));
  const segments = path.join(batch, 'segments');
  const { thresh } = faults.lab;

  // While pages are discovered.
  let disk = await fill(batches);
  await disk.leave(8_192); // for the lock and the journal, and not for the frontier
  const worker = faults.lab.start(['worker', '--concurrency', '2']);
  await worker.says(/cannot write pages to .*no space left.*"batch\.waited"/i);
  expect(await faults.states(batch)).toEqual(['discovering']);
  expect(waits(worker.said())).toBe(1);

  // The segment folder is read-only when pages come: those that wait are not rendered again.
  const isReadOnly = mount('--bind', segments, segments) && mount('-o', 'remount,bind,ro', segments);
  await disk.free();
  if (isReadOnly) {
    await worker.says(/read-only[^\n]*"batch\.waited"/i);
    expect(faults.shop.log().pagesRendered).toBeLessThanOrEqual(4);
    expect(waits(worker.said())).toBe(2);
    unmount(segments);
  }

  // In the middle of the pages.
  await hasRead(worker, PRODUCTS / 3);
  const before = waits(worker.said());
  await expect.poll(() => wentOn(worker.said())).toBe(before);
  disk = await fill(batches);
  await expect.poll(() => waits(worker.said())).toBe(before + 1);
  await expect
    .poll(async () => (await thresh(['status', path.basename(batch)])).stdout, { interval: 500 })
    .toMatch(/no space left/i);
  expect(waits(worker.said())).toBe(before + 1);

  // While the dataset is built.
  await disk.leave(ROOM_FOR_ROWS);
  await faults.reaches(batch, 'aggregating');
  await expect.poll(() => waits(worker.said())).toBeGreaterThanOrEqual(before + 2);
  expect((await faults.states(batch)).at(-1)).toBe('aggregating');

  // Under the output folder.
  const outDisk = await fill(out);
  const beforeOut = waits(worker.said());
  await disk.free();
  await expect.poll(() => waits(worker.said())).toBe(beforeOut + 1);
  expect(await faults.states(batch)).not.toContain('delivered');
  await outDisk.free();

  await faults.reaches(batch, 'delivered');
  expect(await faults.states(batch)).not.toContain('failed');
  expect(waits(worker.said())).toBe(beforeOut + 1);
  expect(wentOn(worker.said())).toBeGreaterThanOrEqual(before + 3);
  await faults.expectTheTruth('full', 0);
  await stop(worker);
  if (!isReadOnly) context.skip('no bind mount is allowed here; all else is as it should be');
});

longOnly('a disk that refuses once', () => {
  test.each(['duckdb', 'parquetjs'])(
    'while the dataset is built by %s',
    async (engine) => {
      if (!mount('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', batches)) return; // said by the test above
      const name = `full-${engine}`;
      const batch = await faults.open(await faults.target(name));
      const worker = faults.lab.start(['worker', '--concurrency', '2'], { THRESH_PARQUET: engine });
      await hasRead(worker, PRODUCTS / 3);
      const disk = await fill(batches);
      await worker.says(/"msg":"batch\.waited"/);
      await disk.leave(ROOM_FOR_ROWS);
      await faults.reaches(batch, 'aggregating');
      await expect.poll(() => waits(worker.said())).toBeGreaterThanOrEqual(2);
      expect((await faults.states(batch)).at(-1)).toBe('aggregating');
      await disk.free();
      await faults.reaches(batch, 'delivered');
      expect(await faults.states(batch)).not.toContain('failed');
      await faults.expectTheTruth(name, 0);
      await stop(worker);
    },
    120_000,
  );

  test('under the output folder, from before the batch began', async (context) => {
    const { out } = faults.lab;
    await mkdir(out, { recursive: true });
    if (!mount('-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', out)) context.skip('no tmpfs may be mounted here');
    const batch = await faults.open(await faults.target('full-out'));
    const disk = await fill(out);
    const worker = faults.lab.start(['worker', '--concurrency', '2']);
    await worker.says(/"batch\.waited"/);
    expect(await faults.states(batch)).not.toContain('delivered');
    await disk.free();
    await faults.reaches(batch, 'delivered');
    expect(await faults.states(batch)).not.toContain('failed');
    expect(worker.said().match(/"batch\.waited"/g)?.length).toBe(1);
    await faults.expectTheTruth('full-out', 0);
    await stop(worker);
  });
});

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
});
