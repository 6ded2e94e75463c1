import { expect, test } from 'vitest';
import { redact } from '../../../src/telemetry/redact.js';

test('the command that a Redis refused is told without what it logged in with', () => {
  const refused = (name: string, args: unknown[]): Error =>
    Object.assign(new Error('WRONGPASS invalid username-password pair'), { command: { name, args } });
  for (const error of [refused('hello', [3, 'AUTH', 'farm', 'a-secret']), refused('auth', ['a-secret'])]) {
    const told = JSON.stringify(redact({ error: new Error('no Redis', { cause: error }) }));
    expect(told).toContain('WRONGPASS');
    expect(told).not.toContain('a-secret');
  }
  expect(JSON.stringify(redact(refused('get', ['thresh:one'])))).toContain('thresh:one');
});
