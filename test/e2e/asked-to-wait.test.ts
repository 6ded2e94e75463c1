/** A page that is asked to wait is not given up for it, even on its last attempt, and all others wait with it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';
import { startSmallServer } from '../support/small-server.js';

const PAGES = 14;
const WAIT_S = 5;

let lab: Lab;

beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab?.close());

it('tries a 429 again without attempts left, and a 500 not; lets no page of the farm start before the time that was asked for, and a shorter wait does not cut it short', async () => {
  const startsMs: number[] = [];
  const refused: string[] = [];
  let askedAtMs = 0;
  const shop = await startSmallServer(({ url = '' }, response) => {
    if (url === '/broken') return response.writeHead(500).end('broken');
    if (!url.startsWith('/p/')) return response.writeHead(404).end();
    startsMs.push(Date.now());
    // Two in flight are refused at once: one is to wait, the other only for a moment.
    if (startsMs.length > 4 && refused.length < 2) {
      refused.push(url);
      if (refused.length === 1) askedAtMs = Date.now();
      const waitS = refused.length === 1 ? WAIT_S : 1;
      return setTimeout(
        () => response.writeHead(429, { 'retry-after': String(waitS) }).end('busy'),
        refused.length * 100,
      );
    }
    return response.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>${url}</h1>`);
  });
  try {
    const file = await lab.target(
      'all-wait',
      `import { z } from 'zod';
import { defineTarget } from 'thresh';
export default defineTarget({
  name: 'all-wait', schema: z.object({ title: z.string() }), key: ['title'],
  discover: [...Array.from({ length: ${PAGES} }, (_, n) => '/p/' + n), '/broken'].map((path) => '${shop.url}' + path),
  ready: 'h1', fields: { fields: { title: 'h1' } }, throttle: { maxConcurrency: 2 },
  retries: 0, gate: { minCompleted: 0.5 },
});
`,
    );
    const { code, report, stderr } = await runBatch(lab, file, { date: '2026-03-31' });
    expect(code, stderr).toBe(0);
    expect(report.pages).toMatchObject({ frontier: PAGES + 1, completed: PAGES, dead: 1 });
    expect(report.deadLetters).toEqual({ HTTP_STATUS: 1 });
    expect(refused).toHaveLength(2);
    const asked = (path: string): number => shop.asked.filter((one) => one === path).length;
    expect([...refused, '/broken'].map(asked)).toEqual([2, 2, 1]);
    // Those that had left the queue when the answer came are on their way.
    const inTheWait = startsMs.filter(
      (at) => at > askedAtMs + 1_000 && at < askedAtMs + WAIT_S * 1_000 - 100,
    );
    expect(inTheWait).toEqual([]);
  } finally {
    await shop.stop();
  }
});
