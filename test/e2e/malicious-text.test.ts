/**
 * Text that would do something wherever text is taken for more (markup, terminal escapes, formulas) goes through rows, logs and the
 * terminal without effect. Alerts: alerts.test.ts; the dashboard: dashboard.test.ts.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ended, type Lab, openLab } from '../support/lab.js';
import { casesOf } from '../support/long.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

/** Sets a terminal's title, clears it, turns text red and around; markup; what a spreadsheet would run. */
const HOSTILE =
  '\u001b]0;owned\u0007\u001b[2J\u001b[31m\u009b31m\u202eevil\u202c<script>alert(1)</script>=HYPERLINK("http://evil.example")\r\nlevel:error';
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
let lab: Lab;
let site: SmallServer;
let ran: Ended;
let batch: string;

beforeAll(async () => {
  site = await startSmallServer((_, response) => {
    response
      .setHeader('content-type', 'text/html; charset=utf-8')
      .end(
        '<!doctype html><article>1</article><script>console.error("\\u001b[31mfrom the console")</script>',
      );
  });
  lab = await openLab();
  await lab.target(
    'malicious',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

const HOSTILE = ${JSON.stringify(HOSTILE)};

export default defineTarget({
  name: 'malicious',
  schema: z.object({ id: z.string(), title: z.string(), price: z.number() }),
  key: ['id'],
  discover: ['row', 'refused', 'dead'].map((id) => '${site.url}/p/' + id),
  robots: 'ignore',
  retries: 0,
  gate: { minCompleted: 0.5, maxQuarantined: 0.9 },
  ready: 'article',
  async extract({ request, log }) {
    const id = request.url.split('/').at(-1);
    log.warn(HOSTILE, { seen: HOSTILE });
    if (id === 'dead') throw new Error('dead of ' + HOSTILE);
    return { id, title: HOSTILE, price: id === 'refused' ? HOSTILE : 1 };
  },
});
`,
  );
  ran = await lab.thresh(['run', 'malicious', '--date', '2026-03-01']);
  batch = /malicious-20260301-[0-9a-z]{6}/.exec(ran.stderr)?.[0] ?? '';
});

afterAll(async () => {
  await lab?.close();
  await site?.stop();
});

test('rows are delivered as the page had them, to the last character', async () => {
  expect(ran.code, ran.stderr).toBe(0);
  const rows = await lab.query('malicious', '2026-03-01', 'SELECT title FROM FILES');
  expect(rows).toEqual([{ title: HOSTILE }]);
  const [refused] = await lab.lines('malicious', batch, 'quarantine.ndjson');
  expect(refused).toMatchObject({ row: { price: HOSTILE } });
});

test('a log line stays one line of JSON, and says what was there', () => {
  expect(ran.stderr).not.toMatch(CONTROLS);
  const lines = ran.stderr.split('\n').filter((line) => line.startsWith('{'));
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.filter(({ level }) => level === 'error')).toHaveLength(1); // the dead letter: no forged line
  const said = events.find(({ msg }) => msg === 'target.said');
  expect(said).toMatchObject({ level: 'warn', fields: { seen: HOSTILE } });
  expect(events.find(({ msg }) => msg === 'page.dead')?.reason).toContain('<script>alert(1)</script>');
});

test.for([['failures'], ['quarantine'], ['status']])(
  'a terminal is shown no escape: thresh %s',
  async ([command = '']) => {
    const { code, stdout, stderr } = await lab.thresh([command, batch]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(command === 'status' ? 'delivered' : 'evil');
    expect(stdout + stderr).not.toMatch(CONTROLS);
  },
);

test('debug shows no escape, whether the row is good, refused, or not to be had', async () => {
  for (const id of casesOf(['refused', 'dead', 'row'], 2)) {
    const { stdout, stderr } = await lab.thresh(['debug', 'malicious', `${site.url}/p/${id}`]);
    expect(stdout + stderr).toContain('evil');
    expect(stdout + stderr).not.toMatch(CONTROLS);
  }
});
