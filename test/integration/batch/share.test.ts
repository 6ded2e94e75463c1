import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanHome } from '../../../src/batch/clean.js';
import { enterState, readJournal } from '../../../src/batch/journal.js';
import { type RunnerLock, takeRunnerLock } from '../../../src/batch/runner-lock.js';
import { enterForAll, openShare, type Share } from '../../../src/batch/share.js';
import { type BatchSpec, batchFiles, listSpecs } from '../../../src/batch/spec.js';
import { retryDead } from '../../../src/batch/steer.js';
import { encodePages, openFrontier } from '../../../src/discovery/frontier.js';
import { LogLost } from '../../../src/store/fenced-log.js';
import { type ObjectStore, StoreTrouble } from '../../../src/store/object-store.js';
import { openObjectStore } from '../../../src/store/open-store.js';
import { type SharedSwift, sharedSwift } from '../../support/shared-swift.js';
import { missingForSwift } from '../../support/swift.mjs';

const batch = 'shop-20260301-0a1b2c';
const other = 'other-20260301-0a1b2c';

describe.each(['a folder', 'S3'])('a batch that machines share by %s', (kind) => {
  describe.skipIf(kind === 'S3' && missingForSwift() !== undefined)(kind, () => {
    let dir: string;
    let swift: SharedSwift | undefined;
    let store: ObjectStore;
    let here: Share;
    let there: Share;
    const homeOf = (name: string): string => path.join(dir, name);
    const pages = [{ url: 'https://shop.example/1' }, { url: 'https://shop.example/2' }];

    beforeAll(async () => {
      dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-share-test-'));
      if (kind === 'S3') swift = await sharedSwift('shared');
      Object.assign(process.env, swift?.env);
      const place = swift === undefined ? path.join(dir, 'store') : 's3://shared/store';
      const s3 = { endpoint: swift?.endpoint };
      const open = (name: string) => openShare(place, { home: homeOf(name), s3 }) as Promise<Share>;
      [here, there] = await Promise.all([open('here'), open('there')]);
      store = await openObjectStore(place, s3);
    });

    afterAll(async () => {
      for (const one of [here, there, store]) one?.close();
      await rm(dir, { recursive: true, force: true });
    });

    test('another machine knows of it, takes it over with all that was acknowledged, and fences the first off', async () => {
      const spec = {
        id: batch,
        target: 'shop',
        targetHash: 'abc',
        date: '2026-03-01',
        createdAt: new Date().toISOString(),
        out: homeOf('out'),
      } as BatchSpec;
      await here.of(batch).putSpec(spec);
      await here.of(other).putSpec({ ...spec, id: other, target: 'other' });
      expect(await store.has(`batches/${batch}/batch.json`)).toBe(true);
      expect(await store.has(`batches/${batch}/no.json`)).toBe(false);
      const record = await here.of(batch).take('here');
      const files = batchFiles(homeOf('here'), batch);
      await record.entered(await enterState(files.journal, 'discovering'));
      await record.foundPages(encodePages([{ url: 'https://shop.example/forgotten' }]));
      await record.forgotPages();
      for (const page of pages) await record.foundPages(encodePages([page]));
      await record.entered(await enterState(files.journal, 'fetching', { discovered: 2 }));
      await writeFile(files.delivery, 'steps\n');
      await record.deliveryCame(files.delivery);

      await there.pullAll('shop');
      expect((await listSpecs(homeOf('there'))).map(({ id }) => id)).toEqual([batch]);
      await there.pullAll();
      expect((await listSpecs(homeOf('there'))).length).toBe(2);
      const copy = batchFiles(homeOf('there'), batch);
      expect(await readFile(copy.journal, 'utf8')).toBe(await readFile(files.journal, 'utf8'));

      const next = await there.of(batch).take('there');
      const frontier = await openFrontier(copy.frontier);
      expect((await frontier.readFrom(undefined, 9)).pages).toEqual(pages.map((page, n) => ({ n, ...page })));
      await frontier.close();
      expect(await readFile(copy.delivery, 'utf8')).toBe('steps\n');
      await expect(record.foundPages(encodePages(pages))).rejects.toThrow(LogLost);
      await next.entered(await enterState(copy.journal, 'aggregating'));
      await here.of(batch).pull();
      expect((await readJournal(files.journal)).map(({ state }) => state)).toEqual([
        'discovering',
        'fetching',
        'aggregating',
      ]);
    });

    test('segments and artifacts come home once, and what is of nobody`s making leads nowhere', async () => {
      const share = here.of(batch);
      await share.putSegment('w-000000.ndjson', Buffer.from('one\n'));
      await share.putSegment('w-000001.ndjson', Buffer.from('two\n'));
      await mkdir(path.join(homeOf('here'), 'batches', batch, 'artifacts'), { recursive: true });
      await writeFile(path.join(homeOf('here'), 'batches', batch, 'artifacts', '7-2.png'), 'a picture');
      await share.putFile('artifacts/7-2.png');
      await share.putFile('artifacts/none.png');
      await store.put(`batches/${batch}/segments/.hidden`, Buffer.from('x'));
      await there.of(batch).fetchSegments();
      await there.of(batch).fetchFiles('artifacts');
      const at = batchFiles(homeOf('there'), batch);
      expect((await readdir(at.segments)).sort()).toEqual(['w-000000.ndjson', 'w-000001.ndjson']);
      expect(await readFile(path.join(at.segments, 'w-000001.ndjson'), 'utf8')).toBe('two\n');
      expect(await readdir(path.join(at.dir, 'artifacts'))).toEqual(['7-2.png']);
    });

    test('what a person decides, and what a batch came to, other machines know; not while they run it', async () => {
      await enterForAll(there, { home: homeOf('there'), batch }, 'failed', { reason: 'tried here' });
      const at = batchFiles(homeOf('there'), batch);
      await mkdir(at.work, { recursive: true });
      await writeFile(at.report, '{}');
      await writeFile(path.join(at.work, 'dead-letters.ndjson'), 'letters\n');
      await there.of(batch).tell();
      const files = batchFiles(homeOf('here'), batch);
      const before = await readFile(files.journal, 'utf8');
      const lock = (await takeRunnerLock(files.runner)) as RunnerLock;
      await here.of(batch).pull();
      expect(await readFile(files.journal, 'utf8')).toBe(before);
      await lock.release();
      await here.of(batch).pull();
      expect((await readJournal(files.journal)).at(-1)).toMatchObject({
        state: 'failed',
        reason: 'tried here',
      });
      expect(await readFile(files.report, 'utf8')).toBe('{}');
      expect(await readFile(path.join(files.work, 'dead-letters.ndjson'), 'utf8')).toBe('letters\n');

      await enterForAll(there, { home: homeOf('there'), batch }, 'fetching', { reason: 'again' });
      await writeFile(path.join(files.work, 'dead-letters.ndjson'), 'being written\n');
      await here.of(batch).pull();
      expect((await readJournal(files.journal)).at(-1)).toMatchObject({ state: 'fetching', reason: 'again' });
      expect(await readFile(path.join(files.work, 'dead-letters.ndjson'), 'utf8')).toBe('being written\n');
    });

    test('what is entered and not known to all has not happened here', async () => {
      const files = batchFiles(homeOf('here'), batch);
      const record = await here.of(batch).take('here');
      await there.of(batch).take('there');
      const entering = enterState(files.journal, 'aggregating', {}, (entry) => record.entered(entry));
      await expect(entering).rejects.toThrow(LogLost);
      expect((await readJournal(files.journal)).at(-1)?.state).toBe('fetching');
    });

    test('a batch that runs again elsewhere is not cleaned up; one that is, is so for all machines', async () => {
      const record = await there.of(batch).take('there');
      const at = batchFiles(homeOf('there'), batch);
      for (const state of ['aggregating', 'gating', 'delivering', 'delivered'] as const)
        await enterState(at.journal, state, {}, (entry) => record.entered(entry));
      await here.of(batch).pull();
      await enterState(at.journal, 'fetching', { reason: 'again' }, (entry) => record.entered(entry));
      const clean = (home: string, share: Share) =>
        cleanHome({
          home: homeOf(home),
          share,
          keepDays: 1,
          keepBatches: 0,
          nowMs: Date.now() + 2 * 86_400_000,
        });
      const segments = async (): Promise<number> => {
        let count = 0;
        for await (const _ of store.list(`batches/${batch}/segments/`)) count += 1;
        return count;
      };
      await here.of(batch).fetchSegments();
      expect(await clean('here', here)).toEqual([]);
      expect(await segments()).toBe(3); // with the hidden one

      for (const state of ['aggregating', 'gating', 'delivering', 'delivered'] as const)
        await enterState(at.journal, state, {}, (entry) => record.entered(entry));
      expect((await clean('here', here)).map((one) => one.batch)).toEqual([batch]);
      expect(await segments()).toBe(0);
      const retried = retryDead(homeOf('there'), batch, there);
      await expect(retried).rejects.toThrow(/cleaned up/);
    });
  });
});

test('a store that cannot be written is told of at once, with a mend', async () => {
  const file = path.join(await mkdtemp(path.join(os.tmpdir(), 'thresh-share-test-')), 'a-file');
  await writeFile(file, '');
  const share = await openShare(file, { home: '/tmp', s3: {} });
  const opening = share?.probe();
  await expect(opening).rejects.toThrow(StoreTrouble);
  await expect(opening).rejects.toMatchObject({ mend: expect.stringContaining(file) });
  await rm(path.dirname(file), { recursive: true });
  expect(await openShare(undefined, { home: '/tmp', s3: {} })).toBeUndefined();
});
