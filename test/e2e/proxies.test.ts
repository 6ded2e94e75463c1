/** The site of these tests has a name that only the proxies resolve: what is delivered came through them. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { httpProxy, type LocalProxy, PASSWORD, socksProxy, USER } from '../support/local-proxies.js';
import { longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

/** More than one proxy's turn. */
const PAGES = 32;
let lab: Lab;
let site: SmallServer;
let shop: string;
let visitors = 0;
const proxies = new Set<LocalProxy>();
/** Called with each page that is asked for. */
let onAsked: (path: string) => void = () => undefined;

beforeAll(async () => {
  lab = await openLab({ LOG_LEVEL: 'debug' });
  site = await startSmallServer((request, response) => {
    const known = /visitor=(\d+)/.exec(request.headers.cookie ?? '')?.[1];
    const { pathname } = new URL(request.url ?? '/', 'http://shop');
    if (pathname === '/login') {
      response.setHeader('set-cookie', `visitor=${++visitors}`);
    } else if (!pathname.startsWith('/p/')) {
      response.writeHead(404).end();
      return;
    }
    onAsked(pathname);
    response.setHeader('content-type', 'text/html');
    response.end(`<h1 data-visitor="${known ?? 'nobody'}">${pathname}</h1>`);
  });
  shop = `http://shop.test:${new URL(site.url).port}`;
});
afterAll(async () => {
  await Promise.all([...proxies].map((proxy) => proxy.stop()));
  await site?.stop();
  await lab?.close();
});

async function proxied<T extends LocalProxy>(proxy: Promise<T>): Promise<T> {
  const started = await proxy;
  proxies.add(started);
  return started;
}

interface TargetOptions {
  pages: number;
  proxies: string;
  more?: string;
  base?: string;
}

function target(
  name: string,
  { pages, proxies: given, more = '', base = shop }: TargetOptions,
): Promise<string> {
  return lab.target(
    name,
    `import { z } from 'zod';
import { defineTarget } from 'thresh';
export default defineTarget({
  name: '${name}', schema: z.object({ page: z.string(), visitor: z.string() }), key: ['page'],
  discover: Array.from({ length: ${pages} }, (_, at) => '${base}/p/' + at),
  ready: 'h1', fields: { fields: { page: 'h1', visitor: 'h1@data-visitor' } },
  robots: 'ignore', timeoutMs: 20_000, proxies: ${given}, ${more}
});
`,
  );
}

const urlsOf = (...list: LocalProxy[]): string => JSON.stringify(list.map(({ url }) => url));

/** Files under a folder in which a text stands. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(file)).includes(text)) found.push(file);
  }
  return found;
}

it('takes its pages through all of them, each session through its own, and tells no password', async () => {
  const [http, socks] = [await proxied(httpProxy()), await proxied(socksProxy())];
  visitors = 0;
  const file = await target('through', {
    pages: PAGES,
    proxies: urlsOf(http, socks),
    more: `session: { async login({ page }) { await page.goto('${shop}/login'); } },`,
  });
  const { code, report, stderr } = await runBatch(lab, file, {
    date: '2026-05-01',
    args: ['--concurrency', '3'],
  });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ frontier: PAGES, completed: PAGES });
  expect(visitors).toBe(2); // a login a proxy
  const { bytes = 0, weighedPages, proxyBytes = 0 } = report.cost;
  expect(weighedPages).toBe(2);
  expect(bytes).toBeGreaterThan(PAGES * 100);
  expect(proxyBytes).toBeGreaterThan(bytes / 2); // both are of the same pages, and of little else
  const rows = await lab.query('through', '2026-05-01', 'select page, visitor from FILES');
  const visitorsOf = (byHttp: boolean): unknown[] => [
    ...new Set(
      rows.filter(({ page }) => http.passed.includes(String(page)) === byHttp).map(({ visitor }) => visitor),
    ),
  ];
  const known = [visitorsOf(true), visitorsOf(false)];
  expect(known.map(({ length }) => length)).toEqual([1, 1]);
  expect(new Set(known.flat()).size).toBe(2);
  expect(socks.passed).toContain(shop.replace('http://', ''));
  await expectNoSecret(stderr);
});

async function expectNoSecret(said: string): Promise<void> {
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), USER]) {
    expect(said).not.toContain(secret);
    expect(await filesWith(lab.home, secret)).toEqual([]);
    expect(await filesWith(lab.out, secret)).toEqual([]);
  }
}

it('leaves a proxy that dies, and no page is lost or blamed for it', async () => {
  const [mortal, other] = [await proxied(httpProxy()), await proxied(httpProxy())];
  let dying: Promise<void> | undefined;
  onAsked = () => {
    if (mortal.passed.length >= 4) dying ??= mortal.stop();
  };
  const file = await target('dying', { pages: 10, proxies: urlsOf(mortal, other), more: 'retries: 0,' });
  const { code, report, stderr } = await runBatch(lab, file, {
    date: '2026-05-01',
    args: ['--concurrency', '4'],
  });
  onAsked = () => undefined;
  await dying;
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ frontier: 10, completed: 10, dead: 0 });
  expect(stderr.match(/"proxy":"[^"]*".*"msg":"proxy\.left"/g)).toHaveLength(1);
  expect(stderr).toContain(`"proxy":"${mortal.name}"`);
});

it('waits while all of them are out, says so, and goes on when one returns', async () => {
  const [first, second] = [await proxied(httpProxy()), await proxied(httpProxy())];
  await Promise.all([first.stop(), second.stop()]);
  const file = await target('waiting', { pages: 5, proxies: urlsOf(first, second), more: 'retries: 0,' });
  const running = lab.start(['run', file, '--date', '2026-05-01', '--json']);
  await running.says(/batch\.waited/);
  let shown = '';
  const status = async (): Promise<string> => {
    const { stdout, stderr } = await lab.thresh(['status']);
    shown = stdout + stderr;
    return shown.replace(/\s+/g, ' ');
  };
  await expect.poll(status, { interval: 1_000 }).toContain('proxies: all 2 are out');
  await second.start();
  const { code, stdout, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout).pages).toMatchObject({ frontier: 5, completed: 5, dead: 0 });
  expect(stderr.match(/batch\.waited/g)).toHaveLength(1);
  expect(stderr).toMatch(/batch\.went-on/);
  expect(stderr).toContain(`proxies: all 2 are out: ${first.name} (connection refused), ${second.name}`);
  await expectNoSecret(shown + stderr);
});

longTest('a site that no proxy reaches is at fault itself, and its pages end', async () => {
  const [first, second] = [await proxied(httpProxy()), await proxied(socksProxy())];
  const file = await target('gone', {
    pages: 3,
    base: 'http://shop.test:9',
    proxies: urlsOf(first, second),
    more: 'retries: 1,',
  });
  const { code, report, stderr } = await runBatch(lab, file, { date: '2026-05-01' });
  expect(code, stderr).toBe(3);
  expect(report.pages).toMatchObject({ frontier: 3, completed: 0, dead: 3 });
  expect(report.deadLetters).toEqual({ NAVIGATION_FAILED: 3 });
  expect(stderr).not.toMatch(/batch\.waited/);
});

longTest('takes the list of a provider, by HTTPS, and keeps the last one when it fails', async () => {
  const key = path.join(lab.dir, 'key.pem');
  const cert = path.join(lab.dir, 'cert.pem');
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...names],
    {
      stdio: 'ignore',
    },
  );
  const [safe, dead] = [
    await proxied(httpProxy({ key: await readFile(key), cert: await readFile(cert) })),
    await proxied(httpProxy()),
  ];
  await dead.stop();
  const file = await target('provided', {
    pages: 5,
    proxies: `async () => {
      globalThis.asked = (globalThis.asked ?? 0) + 1;
      if (globalThis.asked > 1) throw new Error('no list at ${dead.url}');
      return ${urlsOf(dead, safe)};
    }`,
  });
  const run = lab.start(['run', file, '--json', '--date', '2026-05-01'], { NODE_EXTRA_CA_CERTS: cert });
  const { code, stdout, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout).pages).toMatchObject({ frontier: 5, completed: 5 });
  expect(safe.passed.filter((passed) => passed.startsWith('/p/'))).toHaveLength(5);
  // Without the certificate it is no proxy of ours: nothing goes through it.
  const strange = lab.start(['run', file, '--json', '--date', '2026-05-02']);
  await strange.says(/batch\.waited/);
  expect(strange.said()).toMatch(/localhost:\d+ \([^)]*cert/i);
  await strange.says(/proxies\.missed/);
  expect(strange.said()).not.toContain(encodeURIComponent(PASSWORD));
  strange.child.kill('SIGINT');
  expect((await strange.ended).code).toBe(130);
  expect(safe.passed.filter((passed) => passed.startsWith('/p/'))).toHaveLength(5);
});
