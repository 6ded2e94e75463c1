/** A large dataset, built in partitions by the farm, beside the same batch's in one piece. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/delivery/manifest.js';
import { openObjectStore } from '../../src/store/open-store.js';
import { FETCHED, fetchedTarget, putFetchedBatch } from '../support/fetched-batch.js';
import { type Lab, openLab } from '../support/lab.js';
import { casesOf } from '../support/long.js';
import { type SharedSwift, sharedSwift } from '../support/shared-swift.js';
import { missingForSwift } from '../support/swift.mjs';

const { target, date, batch } = FETCHED;

describe.skipIf(missingForSwift() !== undefined)('a dataset that is built in partitions', () => {
  let lab: Lab;
  let swift: SharedSwift;
  let file: string;

  beforeAll(async () => {
    lab = await openLab();
    file = await lab.target(target, fetchedTarget);
    swift = await sharedSwift('parts');
    Object.assign(process.env, swift.env);
  });

  afterAll(() => lab?.close());

  /** A worker alone delivers the batch. Returns where. */
  async function deliver(engine: string, partitionMb: string): Promise<string> {
    const name = `${engine}-${partitionMb}`;
    const store = `s3://parts/${name}`;
    const out = partitionMb === '0' ? path.join(lab.dir, name) : lab.out;
    const dir = path.join(lab.dir, `${name}-maker`);
    await putFetchedBatch({ dir, file, store, s3: { endpoint: swift.endpoint }, out });
    const worker = lab.start(['worker', '--no-schedule'], {
      ...swift.env,
      ...{ THRESH_STORE: store, THRESH_PARTITION_MB: partitionMb, THRESH_PARQUET: engine },
      THRESH_HOME: path.join(lab.dir, `${name}-home`),
    });
    await worker.says(/batch\.delivered/);
    await worker.says(/"state":"delivered"/);
    worker.child.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    const written = worker.said().split('"work":"write"').length - 1;
    expect(written).toBe(partitionMb === '0' ? 0 : 3);
    const objects = await openObjectStore(store, { endpoint: swift.endpoint });
    expect(await objects.folders(`batches/${batch}/`)).toEqual(['files', 'log', 'segments']);
    objects.close();
    return out;
  }

  const at = (out: string, file: string): string => path.join(out, target, `date=${date}`, file);
  const json = async (file: string) => JSON.parse(await readFile(file, 'utf8'));
  const run = (out: string, file: string): string => path.join(out, target, '_runs', batch, file);

  test.each(casesOf(['duckdb', 'parquetjs'], 1))(
    '%s: the same rows, figures and refusals as in one piece',
    async (engine) => {
      const [whole, parts] = await Promise.all([deliver(engine, '0'), deliver(engine, '0.25')]);
      const manifests: Manifest[] = [];
      for (const out of [whole, parts]) manifests.push(await json(at(out, '_SUCCESS')));
      const [one, other] = manifests.map(({ files: _, times: __, ...said }) => said);
      expect(other).toEqual(one);
      expect(one).toMatchObject({ pages: { completed: 58, gone: 1, dead: 1 }, engine });
      expect(one?.rows.duplicates).toBeGreaterThan(100);
      expect(one?.rows.quarantined).toBe(6);
      const { files } = manifests[1] as Manifest;
      expect(files.map(({ name }) => name)).toEqual([0, 1, 2].map((n) => `${batch}-0000${n}.parquet`));
      expect(files.reduce((sum, { rows }) => sum + rows, 0)).toBe(one?.rows.delivered);
      const reports = await Promise.all([whole, parts].map((out) => json(run(out, 'report.json'))));
      for (const what of ['gate', 'deadLetters', 'quarantine'])
        expect(reports[1][what]).toEqual(reports[0][what]);
      for (const name of ['quarantine.ndjson', 'dead-letters.ndjson'])
        expect(await readFile(run(parts, name), 'utf8')).toBe(await readFile(run(whole, name), 'utf8'));
      await expectSameRows(whole, parts);
    },
  );

  async function expectSameRows(whole: string, parts: string): Promise<void> {
    const [one, other] = [whole, parts].map(
      (out) => `read_parquet('${at(out, '*.parquet')}', file_row_number = true, filename = true)`,
    );
    const columns = '* EXCLUDE (filename, file_row_number)';
    const different = await lab.query(
      target,
      date,
      `SELECT count(*)::INT AS rows FROM (
         (SELECT ${columns} FROM ${one} EXCEPT ALL SELECT ${columns} FROM ${other}) UNION ALL
         (SELECT ${columns} FROM ${other} EXCEPT ALL SELECT ${columns} FROM ${one}))`,
    );
    expect(different).toEqual([{ rows: 0 }]);
    const outOfOrder = await lab.query(
      target,
      date,
      `SELECT count(*)::INT AS rows FROM (
         SELECT regexp_extract(_page_url, '\\d+$')::INT AS page,
                lag(page) OVER (PARTITION BY filename ORDER BY file_row_number) AS before FROM ${other})
       WHERE page < before`,
    );
    expect(outOfOrder).toEqual([{ rows: 0 }]);
  }
});
