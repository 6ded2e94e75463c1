import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { alertOf } from '../../../src/alerts/alert.js';
import { letterFor, type Receiver, receiverOf, wants } from '../../../src/alerts/receivers.js';

const receiver = (text: string): Receiver => {
  const found = receiverOf(text);
  if (found === undefined) throw new Error(`${text} is no receiver`);
  return found;
};
const alert = alertOf({
  kind: 'batch.held',
  target: 'my-shop',
  batch: 'my-shop-20260301-0a1b2c',
  words: 'held',
  text: 'fewer rows than ever',
  facts: { rows: 12 },
});

test('a URL is a receiver of JSON, slack+ of what Slack takes, and what stands after # is what it is told of', () => {
  expect(receiver('https://hook.example/a?b=1')).toMatchObject({
    ...{ url: 'https://hook.example/a?b=1', host: 'hook.example', format: 'json', only: [] },
  });
  const slack = receiver('slack+https://hooks.slack.com/services/T/B/x#batch.held,sla');
  expect(slack).toMatchObject({
    ...{ url: 'https://hooks.slack.com/services/T/B/x', format: 'slack', only: ['batch.held', 'sla'] },
  });
  expect(wants(slack, { kind: 'batch.held' })).toBe(true);
  expect(wants(slack, { kind: 'sla.at-risk' })).toBe(true);
  expect(wants(slack, { kind: 'batch.delivered' })).toBe(false);
  expect(wants(slack, { kind: 'test' })).toBe(true);
  for (const text of ['hook.example', 'ftp://hook.example/', 'slack+', ''])
    expect(receiverOf(text)).toBeUndefined();
});

test('JSON is signed over its time and its very bytes, and says by what it can be told from others', () => {
  const { headers, body } = letterFor(receiver('https://hook.example/'), alert, 'secret');
  const timestamp = headers['x-thresh-timestamp'] ?? '';
  expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(5);
  const expected = createHmac('sha256', 'secret').update(`${timestamp}.${body}`).digest('hex');
  expect(headers['x-thresh-signature']).toBe(`sha256=${expected}`);
  expect(headers['idempotency-key']).toBe(alert.id);
  expect(JSON.parse(body)).toEqual({
    version: 1,
    id: alert.id,
    kind: 'batch.held',
    severity: 'error',
    at: alert.at,
    target: 'my-shop',
    batch: 'my-shop-20260301-0a1b2c',
    date: '2026-03-01',
    title: 'my-shop 2026-03-01: held',
    text: 'fewer rows than ever',
    facts: { rows: 12 },
  });
  expect(letterFor(receiver('https://hook.example/'), alert, undefined).headers).not.toHaveProperty(
    'x-thresh-signature',
  );
});

test('the same thing has the same id, another thing another one', () => {
  const told = { kind: 'batch.paused', target: 'a', batch: 'a-20260301-0a1b2c', words: 'paused' } as const;
  expect(alertOf({ ...told, at: '2026-03-01T00:00:00Z' }).id).toBe(alertOf(told).id);
  expect(alertOf({ ...told, words: 'paused again' }).id).not.toBe(alertOf(told).id);
  expect(alertOf({ ...told, batch: 'a-20260302-0a1b2c' }).id).not.toBe(alertOf(told).id);
});

test('what a page wrote orders nobody about: no markup, no mention, no link, no escape, no formula that is one', () => {
  const hostile =
    '<!channel> <https://evil.example|click> @here <script>alert(1)</script>\u001b[31mred\u202e =HYPERLINK("x")';
  const about = alertOf({
    kind: 'batch.held',
    target: 'a',
    words: hostile,
    text: `${hostile}\nsecond`,
    facts: { row: hostile },
  });
  for (const text of [about.title, about.text, String(about.facts.row)]) {
    expect(text).not.toMatch(/[\u001b\u202e]/);
    expect(text).toContain('red');
  }
  const slack = JSON.parse(letterFor(receiver('slack+https://hooks.slack.com/x'), about, undefined).body);
  expect(slack.text).not.toMatch(/[<>]/);
  expect(slack.text).not.toMatch(/@\w/);
  expect(slack).toMatchObject({ mrkdwn: false, link_names: false, unfurl_links: false });
  expect(slack.text.split('\n')).toHaveLength(3);
});
