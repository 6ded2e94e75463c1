/** One contract for both places: whatever is killed whenever, a reader sees all of a dataset or none of it. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Dataset, Destination } from '../../../src/delivery/contract.js';
import { openDestination } from '../../../src/delivery/destination.js';
import { openS3Store, type S3Store } from '../../../src/store/s3-store.js';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.mjs';
import { isLong } from '../../support/long.js';
import { type SharedSwift, sharedSwift } from '../../support/shared-swift.js';
import { missingForSwift } from '../../support/swift.mjs';

const DATE = '2026-03-01';
const PLACE = `shop/date=${DATE}`;
let dir: string;
let child: string;
let old: Dataset;
let fresh: Dataset;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  await symlink(path.resolve('node_modules'), path.join(dir, 'node_modules'));
  child = path.join(dir, 'child.mjs');
  await build({
    entryPoints: [path.join(import.meta.dirname, 'deliver-child.ts')],
    outfile: child,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  old = await dataset('shop-20260301-aaaaaa', [1_000, 2_000]);
  fresh = await dataset('shop-20260301-bbbbbb', [9_000_000, 4_000]);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function dataset(batch: string, sizes: readonly number[]): Promise<Dataset> {
  const folder = path.join(dir, batch);
  await mkdir(folder);
  const files = await Promise.all(
    sizes.map(async (bytes, at) => {
      const name = `${batch}-0000${at}.parquet`;
      const body = randomBytes(bytes);
      await writeFile(path.join(folder, name), body);
      return { name, path: path.join(folder, name), bytes, sha256: sha256(body) };
    }),
  );
  const listed = files.map(({ name, bytes, sha256: hash }) => ({ name, bytes, sha256: hash, rows: 1 }));
  const manifest = JSON.stringify({ version: 1, batch, date: DATE, target: 'shop', files: listed });
  return {
    target: 'shop',
    date: DATE,
    batch,
    files: files.map(({ path: file, bytes }) => ({ path: file, bytes })),
    manifest,
  };
}

function sha256(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** How a place is read by somebody else: by names and bytes alone. */
interface Reader {
  names(): Promise<string[]>;
  read(name: string): Promise<Buffer | undefined>;
  /** What should not be there once all is done. */
  leftovers(): Promise<string[]>;
}

/** The batch that a reader finds, all of it there; undefined for no dataset. Throws when it is partial. */
async function look(reader: Reader): Promise<string | undefined> {
  const before = await reader.read('_SUCCESS');
  if (before === undefined) return undefined;
  const names = await reader.names();
  const manifest = JSON.parse(before.toString()) as {
    batch: string;
    files: { name: string; sha256: string }[];
  };
  const missing: string[] = [];
  for (const file of manifest.files) {
    const body = await reader.read(file.name);
    if (body === undefined || sha256(body) !== file.sha256) missing.push(file.name);
  }
  const after = await reader.read('_SUCCESS');
  if (after === undefined || !after.equals(before)) return look(reader); // swapped while we looked
  if (missing.length > 0) throw new Error(`partial: ${manifest.batch} lacks ${missing} of ${names}`);
  return manifest.batch;
}

interface Ended {
  signal: string | null;
  code: number | null;
  steps: string[];
  stderr: string;
}

const journalOf = (out: string): string => path.join(dir, `journal-${sha256(out).slice(0, 8)}`);

function deliverInChild(
  job: { out: string; endpoint?: string; killAfter: number },
  env: Record<string, string>,
): Promise<Ended> {
  return new Promise((resolve) => {
    const task = { ...job, dataset: fresh, journal: journalOf(job.out) };
    const running = spawn(process.execPath, [child, JSON.stringify(task)], {
      env: { ...process.env, ...env },
    });
    let stdout = '';
    let stderr = '';
    running.stdout.on('data', (chunk) => (stdout += chunk));
    running.stderr.on('data', (chunk) => (stderr += chunk));
    running.on('close', (code, signal) =>
      resolve({ code, signal, stderr, steps: stdout.split('\n').filter((line) => line !== '') }),
    );
  });
}

/** A place for the nth delivery. */
type PlaceAt = (at: number) => Promise<{ destination: Destination; reader: Reader; out: string }>;

interface Killing {
  endpoint?: string;
  env?: Record<string, string>;
  /** Between two looks, ms: whoever looks all the time takes the machine from those whom he looks at. */
  lookEvery: number;
}

/** Kills the delivery after its step of this number, looks all the while, and lets the next call end it. The step's name; undefined when there are fewer. */
async function killAfterStep(
  at: number,
  place: PlaceAt,
  { endpoint, env = {}, lookEvery }: Killing,
): Promise<string | undefined> {
  const { destination, reader, out } = await place(at);
  await destination.deliver(old, { journal: path.join(dir, `old-${at}`) });
  expect(await look(reader)).toBe(old.batch);
  const settings = endpoint === undefined ? {} : { endpoint };
  let watching = true;
  const seen = new Set<string | undefined>();
  const watch = (async () => {
    // The files themselves only when something has moved: names are never used twice.
    for (let last = ''; watching; ) {
      const stands = JSON.stringify([await reader.names(), String(await reader.read('_SUCCESS'))]);
      if (stands !== last) seen.add(await look(reader));
      last = stands;
      await delay(lookEvery);
    }
  })();
  const first = await deliverInChild({ out, ...settings, killAfter: at }, env);
  const isKilled = first.signal === 'SIGKILL';
  if (isKilled) {
    seen.add(await look(reader));
    const next = await openDestination(out, settings); // which knows nothing of the first
    await next.deliver(fresh, { journal: journalOf(out) });
    next.close();
  } else expect(first.code, first.stderr).toBe(0);
  watching = false;
  await watch;
  expect([...seen].filter((batch) => ![old.batch, fresh.batch, undefined].includes(batch))).toEqual([]);
  expect(await look(reader)).toBe(fresh.batch);
  expect((await reader.names()).sort()).toEqual(
    ['_SUCCESS', ...fresh.files.map((file) => path.basename(file.path))].sort(),
  );
  expect(await reader.leftovers()).toEqual([]);
  destination.close();
  return isKilled ? first.steps.at(-1) : undefined;
}

/** The names of those steps of all, beside each other; in the long run of all steps, one after the other until there are no more. */
async function killAtSteps(telling: readonly number[], place: PlaceAt, how: Killing): Promise<string[]> {
  if (!isLong) {
    const steps = await Promise.all(telling.map((at) => killAfterStep(at, place, how)));
    return steps.map((step) => step ?? '');
  }
  const killed: string[] = [];
  for (let at = 1; ; at++) {
    const step = await killAfterStep(at, place, how);
    if (step === undefined) return killed;
    killed.push(step);
  }
}

const stepsOf = (steps: readonly string[], telling: readonly number[]): string[] =>
  isLong ? [...steps] : telling.map((at) => steps[at - 1] ?? '');

/** The latest date counts, be it a sample; its files come as they were delivered. */
async function readsLast(out: string, settings: { endpoint?: string }): Promise<void> {
  const destination = await openDestination(out, settings);
  expect(await destination.latest('shop')).toBeUndefined();
  await destination.deliver(old, { journal: path.join(dir, `last-1-${settings.endpoint !== undefined}`) });
  const sample = JSON.stringify({ ...JSON.parse(fresh.manifest), date: '2026-03-04', limit: 20 });
  const journal = path.join(dir, `last-2-${settings.endpoint !== undefined}`);
  await destination.deliver({ ...fresh, date: '2026-03-04', manifest: sample }, { journal });
  expect(await destination.latest('shop')).toMatchObject({ batch: fresh.batch, limit: 20 });
  const copies = path.join(dir, 'copies', String(settings.endpoint !== undefined));
  for (const { path: file } of fresh.files) {
    const place = { target: 'shop', date: '2026-03-04', name: path.basename(file) };
    const found = await destination.fetch(place, copies);
    expect(sha256(await readFile(found ?? ''))).toBe(sha256(await readFile(file)));
  }
  const none = { target: 'shop', date: '2026-03-04', name: 'none.parquet' };
  expect(await destination.fetch(none, copies)).toBeUndefined();
  destination.close();
}

describe('to a folder', () => {
  test('what stands there last is read back', () => readsLast(path.join(dir, 'last'), {}));

  test('a kill after any step is rolled forward, and no reader sees a part', async () => {
    const steps = ['file copied', 'file copied', 'ready', 'set aside', 'in place', 'swept'];
    const telling = [1, 3, 4, 5]; // on either side of each change that a reader could see
    const killed = await killAtSteps(
      telling,
      async (at) => {
        const out = path.join(dir, `out-${at}`);
        const folder = path.join(out, PLACE);
        return {
          out,
          destination: await openDestination(out, {}),
          reader: {
            names: () => readdir(folder).catch(() => []),
            read: (name) => readFile(path.join(folder, name)).catch(() => undefined),
            leftovers: async () =>
              (await readdir(path.join(out, 'shop'))).filter((name) => name !== `date=${DATE}`),
          },
        };
      },
      { lookEvery: 10 },
    );
    expect(killed).toEqual(stepsOf(steps, telling));
  });

  test('earlier manifests come the latest first, only of earlier dates, samples left out', async () => {
    const out = path.join(dir, 'earlier');
    const destination = await openDestination(out, {});
    for (const date of ['2026-02-01', '2026-02-03', '2026-02-02', '2026-03-05'])
      await destination.deliver(
        { ...old, date, manifest: old.manifest.replace(DATE, date) },
        { journal: '' },
      );
    const sample = JSON.stringify({ ...JSON.parse(old.manifest), date: '2026-02-04', limit: 20 });
    await destination.deliver({ ...old, date: '2026-02-04', manifest: sample }, { journal: '' });
    const earlier = await destination.earlier('shop', DATE, 2);
    expect(earlier.map((manifest) => manifest.date)).toEqual(['2026-02-03', '2026-02-02']);
  });
});

describe.skipIf(missingForSwift() !== undefined)(
  `to S3 (${missingForSwift() ?? 'OpenStack Swift with s3api'})`,
  () => {
    let swift: SharedSwift;
    let proxy: FaultProxy;
    let store: S3Store;
    const saved = { ...process.env };

    beforeAll(async () => {
      swift = await sharedSwift('feeds');
      Object.assign(process.env, swift.env);
      proxy = await startFaultProxy(swift.endpoint);
      store = openS3Store('feeds', { endpoint: swift.endpoint });
    });

    afterAll(async () => {
      store?.close();
      await proxy?.stop();
      process.env = saved;
    });

    function readerOf(prefix: string): Reader {
      const folder = `${prefix}/${PLACE}/`;
      return {
        async names() {
          const names: string[] = [];
          for await (const { key } of store.list(folder)) names.push(key.slice(folder.length));
          return names;
        },
        read: async (name) => {
          const answer = await store.bytes(folder + name);
          return answer === undefined ? undefined : Buffer.from(answer);
        },
        leftovers: async () => (await store.uploads(prefix)).map(({ key }) => key),
      };
    }

    test('a kill after any step is rolled forward, and no reader sees a part', async () => {
      const steps = [...['delivery', 'begun', 'begun', 'sealed', 'unmarked', 'appeared', 'swept', 'marked']];
      const telling = [3, 4, 5, 6]; // uploads are open; all there; the old mark is gone; files of both stand there
      const killed = await killAtSteps(
        telling,
        async (at) => ({
          out: `s3://feeds/kill-${at}`,
          destination: await openDestination(`s3://feeds/kill-${at}`, { endpoint: swift.endpoint }),
          reader: readerOf(`kill-${at}`),
        }),
        { endpoint: swift.endpoint, env: swift.env, lookEvery: 100 },
      );
      expect(killed).toEqual(stepsOf(steps, telling));
    });

    test('what stands there last is read back', () =>
      readsLast('s3://feeds/last', { endpoint: swift.endpoint }));

    test('500s, cut connections, lost answers and slow answers are got over', async () => {
      const faults = [
        { answer: 500 },
        undefined,
        { cut: 'after' },
        undefined,
        { cut: 'before' },
        { waitMs: 300 },
        undefined,
      ] as const;
      proxy.fault = (_, count) => faults[count % faults.length];
      const destination = await openDestination('s3://feeds/faults', { endpoint: proxy.endpoint });
      await destination.probe();
      await destination.deliver(old, { journal: path.join(dir, 'faults-1') });
      await destination.deliver(fresh, { journal: path.join(dir, 'faults-2') });
      proxy.fault = () => undefined;
      expect(await look(readerOf('faults'))).toBe(fresh.batch);
      expect(await readerOf('faults').names()).toHaveLength(3);
      expect(await readerOf('faults').leftovers()).toEqual([]);
      destination.close();
    });

    test('a server that fails for good leaves what was delivered, and no upload', async () => {
      const destination = await openDestination('s3://feeds/broken', { endpoint: proxy.endpoint });
      await destination.deliver(old, { journal: path.join(dir, 'broken-1') });
      proxy.fault = (line) => (/^PUT .*partNumber=2/.test(line) ? { answer: 400 } : undefined);
      await expect(destination.deliver(fresh, { journal: path.join(dir, 'broken-2') })).rejects.toMatchObject(
        {
          code: 'OUTPUT_UNWRITABLE',
          retry: 'later',
        },
      );
      proxy.fault = () => undefined;
      expect(await look(readerOf('broken'))).toBe(old.batch);
      expect(await readerOf('broken').leftovers()).toEqual([]);
      await destination.deliver(fresh, { journal: path.join(dir, 'broken-2') });
      expect(await look(readerOf('broken'))).toBe(fresh.batch);
      destination.close();
    });

    test('a probe whose answer is lost leaves no upload, and one that was killed none for long', async () => {
      const destination = await openDestination('s3://feeds/probed', { endpoint: proxy.endpoint });
      await store.begin('probed/.thresh-probe');
      let lost = 0;
      proxy.fault = (line) => (/^POST .*uploads/.test(line) && lost++ === 0 ? { cut: 'after' } : undefined);
      await destination.probe();
      proxy.fault = () => undefined;
      expect(lost).toBe(2);
      expect(await store.uploads('probed/')).toEqual([]);
      await store.begin('probed/.thresh-probe');
      await destination.deliver(fresh, { journal: path.join(dir, 'probed') });
      expect(await store.uploads('probed/')).toEqual([]);
      destination.close();
    });

    test.each([
      ['a bucket that is none', 's3://no-such-bucket/x', {}, /make the bucket/],
      ['a wrong secret', 's3://feeds/x', { AWS_SECRET_ACCESS_KEY: 'wrong' }, /check the credentials/],
    ])('%s is found by the probe, with a mend', async (_, out, env, mend) => {
      Object.assign(process.env, env);
      const destination = await openDestination(out, { endpoint: swift.endpoint });
      await expect(destination.probe()).rejects.toMatchObject({
        code: 'OUTPUT_UNWRITABLE',
        mend: expect.stringMatching(mend),
      });
      destination.close();
      Object.assign(process.env, swift.env);
    });
  },
);
