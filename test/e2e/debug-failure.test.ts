/** A page that a batch gave up, looked at as who it was: with its label, through its proxy, with its user agent, and its cookies where they were kept. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { httpProxy, type LocalProxy, PASSWORD } from '../support/local-proxies.js';
import { runBatch } from '../support/run-batch.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

const SECRET = 'visitor-0815';
let lab: Lab;
let site: SmallServer;
let shop: string;
let proxies: LocalProxy[];
/** Of the requests for pages. */
let seen: { cookie: string | undefined; agent: string | undefined }[] = [];
let logins = 0;

beforeAll(async () => {
  lab = await openLab();
  site = await startSmallServer(({ url, headers }, response) => {
    response.setHeader('content-type', 'text/html');
    if (url === '/login') {
      logins += 1;
      response.setHeader('set-cookie', `who=${SECRET}; Path=/`);
    } else seen.push({ cookie: headers.cookie, agent: headers['user-agent'] });
    response.end('<h1>page</h1>');
  });
  shop = `http://shop.test:${new URL(site.url).port}`;
  proxies = [await httpProxy(), await httpProxy()];
});

afterAll(async () => {
  await Promise.all((proxies ?? []).map((proxy) => proxy.stop()));
  await site?.stop();
  await lab?.close();
});

function target(name: string, more: string, given = proxies): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: '${name}', schema: z.object({ sku: z.string() }), key: ['sku'], discover: [{ url: '${shop}/p/1', label: 'odd' }],
  robots: 'ignore', retries: 0,
  proxies: ${JSON.stringify(given.map(({ url }) => url))},
  session: { async login({ page }) { await page.goto('${shop}/login'); } },
  extract: async ({ request }) => { throw new Error('not today: ' + request.label); },
  ${more}
});`,
  );
}

/** Runs it, takes the first proxy out of the way of those who may choose, and looks at its failure. */
async function fails(file: string) {
  const { report } = await runBatch(lab, file, { date: '2026-03-01' });
  const [dead] = await lab.lines(report.target, report.batch, 'dead-letters.ndjson');
  const { failure } = dead as { failure: { proxy: string; userAgent: string; cookies?: string } };
  seen = [];
  logins = 0;
  for (const { passed } of proxies) passed.length = 0;
  return { batch: report.batch, failure, dir: path.join(lab.home, 'batches', report.batch) };
}

test('through its proxy and with its user agent, and with a login of its own', async () => {
  const file = await target('plain', "browser: { userAgent: 'Tester/1.0' },");
  const { batch, failure, dir } = await fails(file);
  const own = proxies.find(({ name }) => name === failure.proxy);
  expect(failure).toMatchObject({ userAgent: 'Tester/1.0' });
  expect(failure).not.toHaveProperty('cookies');
  expect(await readdir(dir)).not.toContain('cookies');
  // Whoever may choose takes the first of the list.
  await target('plain', "browser: { userAgent: 'Other/2.0' },", [...proxies].reverse());
  const { code, stdout } = await lab.thresh(['debug', '--failure', `${batch}.0`, '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).identity).toEqual({ proxy: own?.name, userAgent: 'Tester/1.0' });
  expect(stdout).toContain('not today: odd');
  expect(own?.passed).toContain('/p/1');
  for (const other of proxies) if (other !== own) expect(other.passed).toEqual([]);
  expect(seen.map(({ agent }) => agent)).toEqual(['Tester/1.0']);
  expect(logins).toBe(1);
  const none = await lab.thresh(['debug', '--failure', `${batch}.7`]);
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('has no page 7')]);
  expect((await lab.thresh(['debug', file])).code).toBe(2);
});

test('with its cookies where the target keeps them: for the owner alone, not delivered, never shown', async () => {
  const file = await target('kept', 'keepCookies: true,');
  const { batch, failure, dir } = await fails(file);
  expect(failure.cookies).toBe('cookies/page-0.json');
  const kept = path.join(dir, failure.cookies ?? '');
  expect((await stat(kept)).mode & 0o777).toBe(0o600);
  expect((await stat(path.dirname(kept))).mode & 0o777).toBe(0o700);
  expect(await readFile(kept, 'utf8')).toContain(SECRET);
  const delivered = await readdir(path.join(lab.out, 'kept', '_runs', batch), { recursive: true });
  expect(delivered.filter((name) => name.includes('cookies'))).toEqual([]);
  const shown = await lab.thresh(['debug', '--failure', `${batch}.0`]);
  expect(shown.stdout).toMatch(/^as +in its batch: through http:.*, with its 1 cookies, Mozilla/m);
  expect(seen.map(({ cookie }) => cookie)).toEqual([`who=${SECRET}`]);
  expect(logins).toBe(0);
  for (const secret of [SECRET, PASSWORD, encodeURIComponent(PASSWORD)])
    expect(shown.stdout + shown.stderr).not.toContain(secret);
});
