/** An application nobody here wrote in the fetch lane: what it gives is what its API says, and what rendering every page gives. */
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { isLong } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';
import { type Package, publishAll, type Registry, startVerdaccio } from '../support/verdaccio.js';

/** As in any registry: one in four has a scope, so its address has one segment more. */
const packages: Package[] = Array.from({ length: 52 }, (_, at) => ({
  name: at % 4 === 3 ? `@maker-${at % 3}/thing-${at}` : `thing-${at}`,
  version: `1.${at}.0`,
  description: `Thing number ${at}, “quoted” & <marked>`,
}));
const DATE = '2026-03-01';
let lab: Lab;
let registry: Registry;

beforeAll(async () => {
  lab = await openLab();
  registry = await startVerdaccio(path.join(lab.dir, 'verdaccio'));
  await publishAll(registry.url, packages);
});

afterAll(async () => {
  await registry?.stop();
  await lab?.close();
});

async function run(lane: 'render' | 'auto') {
  const names = [...packages.map(({ name }) => name), 'no-such-thing'];
  const target = await lab.target(
    `registry-${lane}`,
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'registry-${lane}',
  schema: z.object({ name: z.string(), version: z.string(), description: z.string(), shasum: z.string() }),
  key: ['name'],
  discover: ${JSON.stringify(names.map((name) => `${registry.url}/-/web/detail/${name}`))},
  gone: async (page) => (await page.getByText("Sorry, we couldn't find it").count()) > 0,
  data: { sidebar: /\\/-\\/verdaccio\\/data\\/sidebar\\// },
  lane: '${lane}',
  extract: ({ data: { sidebar: { latest } } }) => ({ ...latest, shasum: latest.dist.shasum }),
});
`,
  );
  const { code, report, stderr } = await runBatch(lab, target, { date: DATE });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ completed: packages.length, gone: 1, dead: 0 });
  const sql = 'select * exclude (_fetched_at, _batch, date) from FILES order by name';
  return {
    lane: report.lane,
    seconds: report.times.seconds,
    rows: await lab.query(`registry-${lane}`, DATE, sql),
  };
}

/** As the registry says who is asked for it one by one. */
async function truth(): Promise<Record<string, string>[]> {
  const inOrder = packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    inOrder.map(async ({ name, version, description }) => {
      const answer = await fetch(`${registry.url}/-/verdaccio/data/sidebar/${name}`);
      const { latest } = (await answer.json()) as { latest: { dist: { shasum: string } } };
      const _page_url = `${registry.url}/-/web/detail/${name}`;
      return { name, version, description, shasum: latest.dist.shasum, _page_url };
    }),
  );
}

test('Verdaccio is fetched for the most part, and all of it is delivered', async () => {
  const auto = await run('auto');
  const lane = JSON.stringify(auto.lane);
  console.log(`auto in ${auto.seconds} s: ${lane}`);
  expect(auto.rows).toMatchObject(await truth());
  if (isLong) {
    const rendered = await run('render');
    console.log(`rendered in ${rendered.seconds} s`);
    expect(auto.rows).toEqual(rendered.rows);
  }
  expect(auto.lane?.off, lane).toBeUndefined();
  expect(auto.lane?.notLearned, lane).toBeUndefined();
  // Three in five, by the median; how many of them are samples is drawn.
  expect(auto.lane?.fetched, lane).toBeGreaterThan(packages.length * 0.4);
});
