import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';
import { type Package, publishAll, type Registry, startVerdaccio } from '../support/verdaccio.js';

/** More than the list has room for. */
const PACKAGES = 16;
const packages: Package[] = Array.from({ length: PACKAGES }, (_, at) => ({
  name: `thing-${String(at).padStart(2, '0')}`,
  version: `1.${at}.0`,
  description: `Thing number ${at}, “quoted” & <marked>`,
}));
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

test("a real application: Verdaccio's virtualised list and its detail pages, all of them", async () => {
  const target = await lab.target(
    'verdaccio',
    `
import { collect, defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'verdaccio',
  schema: z.object({ name: z.string(), version: z.string(), description: z.string(), listed: z.string() }),
  key: ['name'],
  discover: [
    { url: '${registry.url}/', label: 'list' },
    { url: '${registry.url}/-/web/detail/no-such-thing', label: 'detail' },
  ],
  ready: { list: '[data-testid=package-item-list]', detail: '[data-testid=sidebar]' },
  gone: async (page) => (await page.getByText("Sorry, we couldn't find it").count()) > 0,
  extract: {
    async list({ page, follow, signal }) {
      const items = await collect(page, {
        rows: '[data-testid=package-item-list]',
        key: '[data-testid=package-title]',
        read: {
          link: { select: 'a[href*="/web/detail/"]@href', as: 'url' },
          description: 'a[href="/"] ~ p, li:first-child > div > p',
        },
        signal,
      });
      for (const { link, description } of items) {
        follow(String(link), { label: 'detail', data: { description: String(description) } });
      }
    },
    async detail({ page, request }) {
      const sidebar = page.getByTestId('sidebar');
      return {
        name: await sidebar.locator('h6').first().textContent(),
        version: /@(\\S+)$/.exec(await page.getByTestId('installListItem-npm').innerText())?.[1],
        description: await sidebar.locator('h6 + div').first().textContent(),
        listed: request.data.description,
      };
    },
  },
});
`,
  );
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-01' });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ frontier: PACKAGES + 2, completed: PACKAGES + 1, gone: 1 });
  const answer = await fetch(`${registry.url}/-/verdaccio/data/packages`);
  const truth = (await answer.json()) as Package[];
  expect(truth.length).toBe(PACKAGES);
  expect(
    await lab.query(
      'verdaccio',
      '2026-03-01',
      'select name, version, description, listed from FILES order by name',
    ),
  ).toEqual(
    truth
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, version, description }) => ({ name, version, description, listed: description })),
  );
});
