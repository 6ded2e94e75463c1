/** A large dataset is built while those who build it die: a worker in a split and the batch's runner, at once or one after the other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aggregateBatch } from '../../src/batch/aggregating.js';
import { loadChecked } from '../../src/batch/context.js';
import { openShare, type Share } from '../../src/batch/share.js';
import { type BatchSpec, batchFiles } from '../../src/batch/spec.js';
import { createBatchBoard } from '../../src/queue/batch-board.js';
import { findRedis } from '../../src/queue/find-redis.mjs';
import { openRedis } from '../../src/queue/redis.js';
import { waitForAnswer } from '../../src/queue/redis-keeper.js';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.mjs';
import { FETCHED, fetchedTarget, putFetchedBatch } from '../support/fetched-batch.js';
import { type Lab, openLab, type Running } from '../support/lab.js';
import { isLong } from '../support/long.js';
import { type SharedSwift, sharedSwift } from '../support/shared-swift.js';
import { missingForSwift } from '../support/swift.mjs';

const { target, date, batch } = FETCHED;
const STORE = 's3://dying-farm/store';

describe.skipIf(missingForSwift() !== undefined)('a farm that builds a large dataset', () => {
  let lab: Lab;
  let swift: SharedSwift;
  let proxy: FaultProxy;
  let redis: ChildProcess;
  let redisUrl: string;
  let file: string;
  let spec: BatchSpec;
  const started: Running[] = [];

  beforeAll(async () => {
    lab = await openLab();
    file = await lab.target(target, fetchedTarget);
    swift = await sharedSwift('dying-farm');
    proxy = await startFaultProxy(swift.endpoint);
    Object.assign(process.env, swift.env);
    const socket = path.join(lab.dir, 'own', 'r.sock');
    const dir = path.dirname(socket);
    await mkdir(dir);
    const args = ['--port', '0', '--unixsocket', socket, '--dir', dir, '--save', ''];
    redis = spawn(findRedis()?.path ?? 'redis-server', args, { stdio: 'ignore' });
    expect(await waitForAnswer(socket, 20_000)).toBe(true);
    redisUrl = `unix://${socket}`;
    const made = { dir: lab.dir, file, store: STORE, s3: { endpoint: swift.endpoint }, out: lab.out };
    spec = await putFetchedBatch(made);
    await leaveSnapshot();
  });

  afterAll(async () => {
    for (const one of started) one.child.kill('SIGKILL');
    await Promise.all(started.map(({ ended }) => ended));
    const gone = once(redis, 'exit');
    redis?.kill('SIGKILL');
    await gone;
    await proxy?.stop();
    await lab?.close();
  });

  /** As fetching leaves it, for `thresh status`. */
  async function leaveSnapshot(): Promise<void> {
    const handle = await openRedis({ home: lab.home, redisUrl });
    const pages = { frontier: 60, completed: 58, gone: 1, skipped: 0, dead: 1, unfinished: 0 };
    const counts = { rows: 1_400, quarantined: 6, retries: 0, inFlight: 0, limit: 1, pagesPerSecond: 0 };
    const named = { batch, target, date, state: 'aggregating', since: spec.createdAt };
    await createBatchBoard(handle.client, batch).setSnapshot(JSON.stringify({ ...named, pages, ...counts }));
    await handle.close();
  }

  const machine = (name: string): Record<string, string> => ({
    ...swift.env,
    ...{ S3_ENDPOINT: proxy.endpoint, REDIS_URL: redisUrl, THRESH_STORE: STORE },
    ...{ THRESH_PARTITION_MB: '0.25', THRESH_HOME: path.join(lab.dir, name), LOG_LEVEL: 'debug' },
  });

  function work(name: string): Running {
    const running = lab.start(['worker', '--no-schedule'], machine(name));
    started.push(running);
    return running;
  }

  const kill = async (running: Running): Promise<void> => {
    running.child.kill('SIGKILL');
    await running.ended;
  };

  /** Requests of these kinds are held from now on, the first of each. */
  function hold(...kinds: RegExp[]) {
    const open = new Map<RegExp, () => void>();
    const until = new Map(
      kinds.map((kind) => [kind, new Promise<void>((resolve) => void open.set(kind, resolve))]),
    );
    proxy.fault = (line) => {
      const kind = [...until.keys()].find((one) => one.test(line));
      if (kind === undefined) return undefined;
      const held = until.get(kind);
      until.delete(kind);
      return held && { until: held };
    };
    return {
      release(...released: RegExp[]): void {
        for (const kind of released) open.get(kind)?.();
      },
      arrived: (kind: RegExp) => expect.poll(() => until.has(kind), { timeout: 180_000 }).toBe(false),
    };
  }

  const times = (running: Running, what: string, number: number, event = 'began'): number =>
    running.said().split(`"work":"${what}","number":${number},"msg":"partition.${event}"`).length - 1;

  /** What `thresh status` shows of the dataset. */
  async function expectTold(figures: { split: number; written: number }): Promise<void> {
    const handle = await openRedis({ home: lab.home, redisUrl });
    const board = createBatchBoard(handle.client, batch);
    const told = async () => JSON.parse((await board.snapshot()) ?? '{}').aggregation;
    await expect
      .poll(told)
      .toEqual({ ...figures, splits: 3, partitions: 3 })
      .finally(() => handle.close());
  }

  const [split0, split1] = [/PUT .*\/rows\/\d+\/00000-/, /PUT .*\/rows\/\d+\/00001-/] as const;

  /** A worker in a split, and then the runner in a write. Returns who has it in the end. */
  async function killedInTurn(): Promise<Running> {
    const splits = hold(split0, split1);
    const runner = work('runner');
    await splits.arrived(split0);
    const helper = work('helper');
    await splits.arrived(split1);
    expect([times(runner, 'split', 0), times(helper, 'split', 1)]).toEqual([1, 1]);
    await kill(helper);
    const write0 = /PUT .*\/files\//;
    splits.release(split0, split1);
    const writes = hold(write0);
    await writes.arrived(write0);
    expect([0, 1, 2].map((number) => times(runner, 'split', number, 'ended'))).toEqual([1, 1, 1]);
    const { stdout } = await lab.thresh(['status', batch, '--json'], machine('onlooker'));
    expect(JSON.parse(stdout)[0].snapshot.aggregation).toEqual({
      ...{ split: 3, splits: 3, written: 0, partitions: 3 },
    });
    const heir = work('heir');
    await heir.says(/"work":"write","number":1,"msg":"partition.ended"/);
    await kill(runner);
    writes.release(write0);
    return heir;
  }

  /** All who are at it: one in a split, the other when it has ended what there was besides. Returns who has it in the end. */
  async function killedAtOnce(): Promise<Running> {
    const splits = hold(split0, split1);
    const both = [work('one'), work('other')];
    await Promise.all([split0, split1].map(splits.arrived));
    for (const number of [0, 1])
      expect(both.map((one) => times(one, 'split', number)).sort()).toEqual([0, 1]);
    splits.release(split0);
    await Promise.race(both.map((one) => one.says(/"work":"split","number":2,"msg":"partition.ended"/)));
    const heir = work('heir');
    await Promise.all([expectTold({ split: 2, written: 0 }), heir.says(/working for the farm/)]);
    await Promise.all(both.map(kill));
    splits.release(split1);
    return heir;
  }

  test('has it whole and once, whoever was killed meanwhile, and does nothing again that was done', async () => {
    const heir = isLong ? await killedInTurn() : await killedAtOnce();
    await heir.says(/batch\.delivered/);
    await heir.says(/"state":"delivered"/);
    expect([0, 1, 2].map((number) => times(heir, 'split', number))).toEqual([0, isLong ? 0 : 1, 0]);
    expect([0, 1, 2].map((number) => times(heir, 'write', number, 'ended'))).toEqual([1, 1, 1]);
    await expectTheTruth();
    heir.child.kill('SIGTERM');
    expect((await heir.ended).code).toBe(0);
    const own = batchFiles(path.join(lab.dir, 'heir'), batch);
    expect(await readdir(own.dir)).not.toContain('partitions');
  });

  /** What one machine makes of the same segments in one piece. */
  async function expectTheTruth(): Promise<void> {
    const home = path.join(lab.dir, 'truth');
    const share = (await openShare(STORE, { home, s3: { endpoint: swift.endpoint } })) as Share;
    await share.of(batch).fetchSegments();
    share.close();
    const { columns = [], definition } = await loadChecked(file);
    const files = batchFiles(home, batch);
    const truth = await aggregateBatch({
      ...{ spec, files, columns, key: definition.key, engine: 'duckdb', voids: {}, marksCarried: false },
      signal: new AbortController().signal,
    });
    const { manifest } = await lab.manifest(target, date);
    expect(manifest.statistics).toEqual(truth.dataset.statistics);
    const { delivered, duplicates } = truth.dataset;
    expect(manifest.rows).toMatchObject({ delivered, duplicates, quarantined: truth.totals.quarantined });
    const whole = `read_parquet('${path.join(files.work, 'dataset', '*.parquet')}')`;
    const own = 'SELECT * EXCLUDE (date) FROM FILES'; // which is the folder's name
    const different = await lab.query(
      target,
      date,
      `SELECT count(*)::INT AS rows FROM (
         (FROM ${whole} EXCEPT ALL ${own}) UNION ALL (${own} EXCEPT ALL FROM ${whole}))`,
    );
    expect(different).toEqual([{ rows: 0 }]);
  }
});
