import { expect, test } from 'vitest';
import { hasSession, newSession } from '../../../src/server/session.js';

const TOKEN = '0123456789abcdef';
const NOW = Date.parse('2026-03-01T12:00:00Z');
const HOUR = 3_600_000;

test('a session holds for twelve hours, and by the token that it was given for alone', () => {
  const header = newSession(TOKEN, NOW);
  const cookie = header.split(';')[0] ?? '';
  expect(header).toMatch(/; HttpOnly; SameSite=Strict$/);
  expect(header).not.toContain(TOKEN);
  expect(hasSession(cookie, TOKEN, NOW + 11 * HOUR)).toBe(true);
  expect(hasSession(`other=1; ${cookie}`, TOKEN, NOW)).toBe(true);
  expect(hasSession(cookie, TOKEN, NOW + 13 * HOUR)).toBe(false);
  expect(hasSession(cookie, 'another-token-16', NOW)).toBe(false);
});

test('what nobody has signed is none', () => {
  const [name, value = ''] = (newSession(TOKEN, NOW).split(';')[0] ?? '').split('=');
  const signature = value.split('.')[1];
  for (const wrong of [
    '',
    '1',
    `${NOW + 99 * HOUR}.${signature}`,
    `${NOW + HOUR}.`,
    `1e99.${signature}`,
    '.',
  ])
    expect(hasSession(`${name}=${wrong}`, TOKEN, NOW), wrong).toBe(false);
  expect(hasSession(undefined, TOKEN, NOW)).toBe(false);
});
