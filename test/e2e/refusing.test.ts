/** Targets that refuse in other ways than by the status of the page: its data, an empty page, robots.txt. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

const PAGES = 4;
const SHELLS = new Set(['/p/1']);
let lab: Lab;
let server: SmallServer;
let robots: [status: number, text: string] = [404, ''];
/** Times of the data requests, by path. */
const asked = new Map<string, number[]>();
const shells = new Set<string>();
const agents = new Set<string>();

const shell = '<html><body><div id="root"></div></body></html>';
const app = `<p>frame</p><script>
  fetch('/data' + location.pathname).then(async (answer) => {
    if (!answer.ok) return;
    const title = document.createElement('h1');
    title.textContent = (await answer.text()) + ' ' + navigator.userAgent;
    document.body.append(title);
  });
</script>`;

beforeAll(async () => {
  lab = await openLab();
  server = await startSmallServer((request, response) => {
    const { url = '' } = request;
    agents.add(`${url.replace(/\d+$/, 'N')} ${request.headers['user-agent']}`);
    if (url === '/robots.txt') response.writeHead(robots[0]).end(robots[1]);
    else if (url === '/sitemap.xml') {
      const pages = Array.from({ length: PAGES }, (_, at) => `<url><loc>${server.url}/p/${at}</loc></url>`);
      response.end(`<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${pages.join('')}</urlset>`);
    } else if (url.startsWith('/data')) {
      const times = asked.get(url) ?? [];
      asked.set(url, [...times, Date.now()]);
      // One page in two is told to wait the first time.
      if (times.length === 0 && Number(url.at(-1)) % 2 === 0)
        response.writeHead(429, { 'retry-after': '4' }).end();
      else response.end(url);
    } else {
      response.setHeader('content-type', 'text/html');
      const empty = SHELLS.has(url) && !shells.has(url);
      if (empty) shells.add(url);
      response.end(empty ? shell : app);
    }
  });
});

afterAll(async () => {
  await server?.stop();
  await lab?.close();
});

function target(name: string, options = ''): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ title: z.string() }),
  key: ['title'],
  discover: sitemap('${server.url}/sitemap.xml'),
  ready: 'h1',
  fields: { fields: { title: 'h1' } },
  ${options}
});
`,
  );
}

test('pages whose data was refused, or that came empty, are tried again: no row is lost, the time is not used up', async () => {
  const file = await target('refusing', 'timeoutMs: 6_000,');
  const { code, report, stderr } = await runBatch(lab, file, { date: '2026-03-01' });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ frontier: PAGES, completed: PAGES, dead: 0 });
  const rows = await lab.query('refusing', '2026-03-01', 'select title from FILES order by title');
  expect(rows).toHaveLength(PAGES);
  for (let at = 0; at < PAGES; at++) {
    const times = asked.get(`/data/p/${at}`) ?? [];
    expect(times).toHaveLength(at % 2 === 0 ? 2 : 1);
    if (at % 2 === 0) expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(4_000);
  }
  for (const path of SHELLS) expect(server.asked.filter((one) => one === path)).toHaveLength(2);

  const name =
    /Mozilla\/5\.0 \(.+\) AppleWebKit\/537\.36 \(KHTML, like Gecko\) Chrome\/\d+\.0\.0\.0 Safari\/537\.36 Thresh\/0\.1$/;
  for (const { title } of rows) expect(title).toMatch(name);
  const names = new Set([...agents].map((line) => name.exec(line)?.[0]));
  expect([...names]).toEqual([expect.stringMatching(name)]); // robots.txt, the sitemap, the pages and their data: one name
  expect([...agents].map((line) => line.split(' ', 1)[0])).toEqual(
    expect.arrayContaining(['/robots.txt', '/sitemap.xml', '/p/N', '/data/p/N']),
  );
});

longTest('another name is sent as it is, and robots.txt is read for it', async () => {
  agents.clear();
  robots = [200, 'User-agent: *\nDisallow: /\n\nUser-agent: price-bot\nDisallow: /p/1\n'];
  const file = await target('named', "browser: { userAgent: 'Mozilla/5.0 (compatible; price-bot/2.1)' },");
  const { code, report, stderr } = await runBatch(lab, file, { date: '2026-03-01' });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ completed: PAGES - 1, skipped: 1 });
  for (const line of agents) expect(line).toMatch(/ Mozilla\/5\.0 \(compatible; price-bot\/2\.1\)$/);
});
