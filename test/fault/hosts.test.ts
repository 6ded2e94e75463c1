import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBatchBoard } from '../../src/queue/batch-board.js';
import { findRedis } from '../../src/queue/find-redis.mjs';
import { openRedis } from '../../src/queue/redis.js';
import { startShop } from '../shop/server.mjs';
import { type Hosts, makeHosts, missingForHosts } from '../support/hosts.js';
import { type Lab, openLab, type Running } from '../support/lab.js';
import { isLong } from '../support/long.js';
import { missingForSwift, type Swift, startSwift } from '../support/swift.mjs';
import { hasRead } from './fault-lab.js';

/** The long form is a batch of 2,000 pages, and a third host, so that one can be killed as well. */
const PRODUCTS = isLong ? 2_000 : 14;
const HOSTS = isLong ? 3 : 2;
const DATE = '2026-03-01';
const missing = missingForHosts() ?? missingForSwift();
if (missing !== undefined) process.stderr.write(`hosts of a farm: skipped, ${missing}\n`);

describe.skipIf(missing !== undefined)('hosts of a farm', () => {
  let hosts: Hosts;
  let lab: Lab;
  let shop: Awaited<ReturnType<typeof startShop>>;
  let swift: Swift;
  let redis: ChildProcess;
  let env: Record<string, string>;

  beforeAll(async () => {
    hosts = makeHosts(3, HOSTS);
    const [redisAt = '', shopAt = '', storeAt = ''] = hosts.services;
    lab = await openLab();
    shop = await startShop({ products: PRODUCTS, host: shopAt });
    swift = await startSwift(path.join(lab.dir, 'swift'), storeAt);
    await makeBucket(swift);
    const port = await freePort(redisAt);
    const dir = path.join(lab.dir, 'redis');
    await mkdir(dir);
    const args = [
      '--bind',
      redisAt,
      '--port',
      String(port),
      '--dir',
      dir,
      '--save',
      '',
      '--protected-mode',
      'no',
    ];
    redis = spawn(findRedis()?.path ?? 'redis-server', args, { stdio: 'ignore' });
    const client = new Redis(port, redisAt, { maxRetriesPerRequest: null }).on('error', () => undefined); // not yet
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
    env = {
      ...swift.env,
      REDIS_URL: `redis://${redisAt}:${port}`,
      THRESH_STORE: 's3://farm/store',
      THRESH_OUT: 's3://farm/out',
    };
  });

  afterAll(async () => {
    hosts?.close();
    const gone = redis === undefined ? undefined : once(redis, 'exit');
    redis?.kill('SIGKILL');
    await gone;
    await swift?.stop();
    await shop?.stop();
    await lab?.close();
  });

  /** A command on one of the hosts, each of which has a home and an out folder of its own. */
  function on(at: number, args: readonly string[], more: Record<string, string> = {}): Running {
    const host = hosts.hosts[at];
    if (host === undefined) throw new Error(`no host ${at}`);
    return lab.startBy(host.way, args, { ...env, THRESH_HOME: path.join(lab.dir, host.name), ...more });
  }

  /** As a person does from anywhere. */
  async function ask(batch: string, control: 'pause' | 'run'): Promise<void> {
    const handle = await openRedis({ home: path.join(lab.dir, 'onlooker'), redisUrl: env.REDIS_URL });
    await createBatchBoard(handle.client, batch).setControl(control);
    await handle.close();
  }

  test(`one is cut off and healed${isLong ? ', another is killed' : ''}: the dataset is the whole catalogue, each product once`, async () => {
    const target = await lab.target(
      'far',
      `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'far',
  schema: z.object({ slug: z.string(), title: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  async extract({ page, log }) {
    log.info('read');
    await page.waitForTimeout(${isLong ? 0 : 500});
    return page.locator('article.product').evaluate((product) => ({
      slug: product.getAttribute('data-slug'),
      title: product.querySelector('.title')?.textContent,
    }));
  },
  retries: 5,
});
`,
    );
    const out = path.join(lab.dir, 'out');
    const truth = Array.from({ length: PRODUCTS }, (_, number) => {
      const { slug, title } = shop.catalogue.productAt(number);
      return { slug, title, _page_url: shop.url + shop.catalogue.pathOf(number) };
    }).sort((a, b) => (a.slug < b.slug ? -1 : 1));

    const runner = on(0, ['run', target, '--concurrency', '4', '--date', DATE, '--json'], {
      THRESH_OUT: out,
    });
    await hasRead(runner, 2);
    const batch = /"batch":"(far-[^"]*)"/.exec(runner.said())?.[1] ?? '';
    await ask(batch, 'pause');
    const helpers = hosts.hosts
      .slice(1)
      .map((_, at) => on(at + 1, ['worker', '--concurrency', '2', '--no-schedule'], { THRESH_OUT: out }));
    await Promise.all(helpers.map((one) => one.says(/working for the farm/)));
    await ask(batch, 'run');
    await hasRead(runner, 6);
    hosts.hosts[0]?.cut();
    await Promise.race(helpers.map((one) => one.says(/"msg":"batch\.resumed"/)));
    hosts.hosts[0]?.heal();
    const heir = helpers.findIndex((one) => /"msg":"batch\.resumed"/.test(one.said()));
    if (isLong) hosts.hosts[heir + 1]?.crash();
    for (let flap = 0; flap < (isLong ? 10 : 5); flap++) {
      hosts.hosts[0]?.cut();
      await delay(50); // not synchronisation: packets that get lost
      hosts.hosts[0]?.heal();
      await delay(200);
    }
    const { code, stderr } = await runner.ended;
    expect(code, stderr).toBe(0);
    const query = 'select slug, title, _page_url from FILES order by slug';
    expect(await lab.query('far', DATE, query)).toEqual(truth);
    const { 1: once_ = 0, 2: twice = 0, 3: thrice = 0, ...more } = shop.log().renderedTimes;
    expect(more).toEqual({});
    expect(once_ + twice + thrice).toBe(PRODUCTS);
    expect(twice + thrice).toBeLessThanOrEqual(12); // those in flight at the cut, at the kill, and while links flapped
    const left = helpers[isLong ? 1 - heir : heir];
    left?.child.kill('SIGTERM');
    expect((await left?.ended)?.code).toBe(0);
  });
});

async function makeBucket({ endpoint }: Swift): Promise<void> {
  const credentials = { accessKeyId: 'test:tester', secretAccessKey: 'testing' };
  const admin = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1', credentials });
  await admin.send(new CreateBucketCommand({ Bucket: 'farm' }));
  admin.destroy();
}

async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
