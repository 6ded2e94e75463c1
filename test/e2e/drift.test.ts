/** A site that changed before the night: the batch pauses early, says so, and waits for a person. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab, type Running } from '../support/lab.js';
import { longOnly, longTest } from '../support/long.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

const PAGES = 450;
/** Pages that were in flight, and those of a look 200 ms apart. */
const SLACK = 40;
let lab: Lab;
let site: SmallServer;

beforeAll(async () => {
  site = await startSmallServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>as ever</h1>'),
  );
  lab = await openLab();
});

afterAll(async () => {
  await site?.stop();
  await lab?.close();
});

function writeTarget(name: string, row: string, gate = '', more = ''): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ path: z.string(), price: z.number() }),
  key: ['path'],
  discover: Array.from({ length: ${PAGES} }, (_, at) => '${site.url}/p/' + at),
  robots: 'ignore',
  gate: { ${gate} },
  extract: ({ page }) => (${row}),
  ${more}
});
`,
  );
}

interface Line {
  msg: string;
  batch?: string;
  reason?: string;
}

function linesOf(running: Running, msg: string): Line[] {
  return running
    .said()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line.msg === msg);
}

/** Resolves when the batch has been paused `times` times. */
async function paused(running: Running, times = 1): Promise<{ batch: string; reason: string }> {
  await running.says(new RegExp(`(?:"msg":"batch\\.paused"[^]*){${times}}`));
  const last = linesOf(running, 'batch.paused').at(-1);
  return { batch: last?.batch ?? '', reason: last?.reason ?? '' };
}

async function status(batch: string) {
  const { code, stdout, stderr } = await lab.thresh(['status', batch, '--json']);
  expect(code, stderr).toBe(0);
  const [standing] = JSON.parse(stdout);
  return standing as {
    state: string;
    reason?: string;
    pages: { frontier: number; completed: number; dead: number };
    snapshot: { inFlight: number; quarantined: number };
  };
}

async function cancel(batch: string): Promise<void> {
  const { code, stderr } = await lab.thresh(['cancel', batch]);
  expect(code, stderr).toBe(0);
}

longTest('rows refused: paused after a hundred pages, anew after resume, cancelled', async () => {
  const target = await writeTarget('refused', "{ path: new URL(page.url()).pathname, price: 'ask us' }");
  const running = lab.start(['run', target, '--date', '2026-03-01', '--concurrency', '4']);
  const { batch, reason } = await paused(running);
  expect(reason).toMatch(
    /^the site seems to have changed: the schema refused (\d+) of the last \1 rows \(100 %/,
  );
  expect(reason).toContain(`\`thresh resume ${batch}\` goes on, \`thresh cancel ${batch}\` gives up`);

  const first = await status(batch);
  expect(first).toMatchObject({ state: 'paused', reason });
  expect(first.pages.completed).toBeGreaterThanOrEqual(100);
  expect(first.pages.completed).toBeLessThan(100 + SLACK);
  expect((await lab.thresh(['status', batch])).stdout).toContain(reason);

  expect((await lab.thresh(['resume', batch])).code).toBe(0);
  await paused(running, 2);
  expect(linesOf(running, 'batch.went-on')).toHaveLength(1);
  const second = await status(batch);
  expect(second.pages.completed).toBeGreaterThanOrEqual(first.pages.completed + 100);
  expect(second.pages.completed).toBeLessThan(first.pages.completed + 100 + SLACK);

  await cancel(batch);
  const { code, stderr } = await running.ended;
  expect(code).toBe(1);
  expect(stderr).toContain(`${batch}: cancelled`);
});

test('pages that give nothing: paused after a hundred; the pause outlives Ctrl-C; the same command waits on, and ends when it is cancelled', async () => {
  const target = await writeTarget('empty', '[]', 'minRows: 0');
  const args = ['run', target, '--date', '2026-03-01', '--concurrency', '4'];
  site.asked.length = 0;
  const running = lab.start(args);
  const { batch, reason } = await paused(running);
  expect(reason).toMatch(/^the site seems to have changed: (\d+) of the last \1 completed pages gave no row/);
  expect(reason).toContain(`\`thresh resume ${batch}\` goes on, \`thresh cancel ${batch}\` gives up`);
  running.child.kill('SIGINT');
  expect((await running.ended).code).toBe(130);

  const again = lab.start(args);
  expect((await paused(again)).reason).toBe(reason);
  expect((await lab.thresh(['status', batch])).stdout).toContain(reason);
  const pages = new Set(site.asked.filter((path) => path.startsWith('/p/'))).size;
  expect(pages).toBeGreaterThanOrEqual(100);
  expect(pages).toBeLessThan(100 + SLACK);
  expect((await lab.thresh(['resume', batch])).code).toBe(0);
  await again.says(/"msg":"batch\.went-on"/);
  await cancel(batch);
  const { code, stderr } = await again.ended;
  expect(code).toBe(1);
  expect(stderr).toContain(`${batch}: cancelled`);
  expect(linesOf(again, 'batch.went-on')).toHaveLength(1);
});

longTest('after a pause the window begins anew: so few pages more say nothing', async () => {
  const target = await writeTarget('few-more', '[]', 'minRows: 0');
  const args = ['run', target, '--date', '2026-03-01', '--concurrency', '4', '--limit', '145'];
  const running = lab.start(args);
  const { batch, reason } = await paused(running);
  const { state, pages } = await status(batch);
  expect(state).toBe('paused');
  expect(pages.completed).toBeGreaterThanOrEqual(100);
  expect(pages.completed).toBeLessThan(100 + SLACK);
  expect((await lab.thresh(['status', batch])).stdout).toContain(reason);
  expect((await lab.thresh(['resume', batch])).code).toBe(0);
  const { code, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  expect(linesOf(running, 'batch.went-on')).toHaveLength(1);
  expect(stderr).toContain('145 completed');
});

longTest('a batch that runs is cancelled, and says so', async () => {
  const target = await writeTarget('given-up', '[]', 'pauseOnDrift: false');
  const running = lab.start(['run', target, '--date', '2026-03-01', '--concurrency', '2']);
  await running.says(/"state":"fetching","msg":"batch\.entered"/);
  const [batch = ''] = /given-up-20260301-\w{6}/.exec(running.said()) ?? [];
  await cancel(batch);
  const { code, stderr } = await running.ended;
  expect(code).toBe(1);
  expect(stderr).toContain(`${batch}: cancelled`);
});

// A hundred dead letters, each with its screenshot: a minute and a half.
longOnly('a site whose pages are not given up soon', () => {
  test('pages that never get ready any more: paused when a hundred were given up', async () => {
    const target = await writeTarget('unready', '[]', '', "ready: '.renamed', timeoutMs: 150, retries: 0,");
    const running = lab.start(['run', target, '--date', '2026-03-01', '--concurrency', '4']);
    const { batch, reason } = await paused(running);
    expect(reason).toMatch(
      /^the site seems to have changed: (\d+) of the last \1 pages were given up \(100 %/,
    );
    const { dead } = (await status(batch)).pages;
    expect(dead).toBeGreaterThanOrEqual(100);
    expect(dead).toBeLessThan(100 + SLACK);
    await cancel(batch);
    expect((await running.ended).code).toBe(1);
  });
});

longTest('switched off, it fetches on, and the gate has the last word', async () => {
  const target = await writeTarget('borne', '[]', 'pauseOnDrift: false');
  const args = ['run', target, '--date', '2026-03-01', '--concurrency', '4', '--limit', '105'];
  const { code, stderr } = await lab.thresh(args);
  expect(code, stderr).toBe(3);
  expect(stderr).not.toContain('batch.paused');
  expect(stderr).toContain('0 rows (at least 1)');
});
