/** `thresh run` tells of its end before it exits; `thresh alerts` shows who is told. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

/** What a page may write: markup, a terminal's escapes, a formula. */
const HOSTILE = '<script>alert(1)</script>\\u001b[31m =HYPERLINK(1) <!channel>';
let lab: Lab;
let site: SmallServer;
let hook: SmallServer;
let letters: string[] = [];

beforeAll(async () => {
  site = await startSmallServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><article>1</article>');
  });
  hook = await startSmallServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      letters.push(Buffer.concat(parts).toString());
      response.end('thanks');
    });
  });
  lab = await openLab({ THRESH_WEBHOOKS: `${hook.url}/json slack+${hook.url}/slack#batch.held` });
});

afterAll(async () => {
  await lab?.close();
  await Promise.all([site?.stop(), hook?.stop()]);
});

test('a batch that is held is told with why, as JSON and for Slack, and what pages wrote is only text', async () => {
  const target = await lab.target(
    'told',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'told',
  schema: z.object({ id: z.string() }),
  key: ['id'],
  discover: ['${site.url}/p/1'],
  robots: 'ignore',
  retries: 0,
  ready: 'article',
  extract: async () => { throw new Error('${HOSTILE}'); },
});
`,
  );
  const { code, stderr } = await lab.thresh(['run', target, '--date', '2026-03-01', '--json']);
  expect(code, stderr).toBe(3);
  expect(letters).toHaveLength(2);
  const json = JSON.parse(letters.find((letter) => letter.includes('"version"')) ?? '{}');
  expect(json).toMatchObject({ kind: 'batch.held', severity: 'error', target: 'told', date: '2026-03-01' });
  expect(json.facts).toMatchObject({ frontier: 1, dead: 1, rows: 0 });
  const slack = JSON.parse(letters.find((letter) => !letter.includes('"version"')) ?? '{}');
  expect(slack.text).toContain('told 2026-03-01: held');
  expect(slack.text).not.toMatch(/[<>\u001b]/);
  expect(stderr).toContain('"alert.sent"');
  expect(stderr).not.toMatch(/\u001b|\/json|\/slack/);
});

test('who is told is listed by host alone, and each can be tried', async () => {
  letters = [];
  const { stdout } = await lab.thresh(['alerts']);
  expect(stdout).toContain(new URL(hook.url).host);
  expect(stdout).toContain('batch.held');
  expect(stdout).not.toMatch(/\/json|\/slack/);
  const tried = await lab.thresh(['alerts', 'test']);
  expect([tried.code, letters.length]).toEqual([0, 2]);
  expect(tried.stdout).toMatch(/took it \(200, \d+ ms\) thanks/);
  const nobody = await lab.thresh(['alerts', 'test'], { THRESH_WEBHOOKS: '' });
  expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('nobody to tell')]);
  const wrong = await lab.thresh(['alerts'], { THRESH_WEBHOOKS: 'hooks.example/secret' });
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).not.toContain('secret');
});
