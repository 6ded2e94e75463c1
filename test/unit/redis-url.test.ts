import { expect, test } from 'vitest';
import { parseRedisUrl } from '../../src/redis-url.js';

const plain = { login: {}, sentinelLogin: {}, db: 0, tls: undefined };

test.each([
  ['redis://cache', { at: { host: 'cache', port: 6379 } }],
  ['redis://[::1]:7000/4', { at: { host: '::1', port: 7000 }, db: 4 }],
  ['redis://cache?db=4', { at: { host: 'cache', port: 6379 }, db: 4 }],
  ['unix:///run/a%20b.sock?db=2', { at: { socket: '/run/a b.sock' }, db: 2 }],
  ['redis://:p%40ss@cache', { at: { host: 'cache', port: 6379 }, login: { password: 'p@ss' } }],
  [
    'rediss://farm:a+b@cache:7000?ca=/etc/ca.pem',
    {
      at: { host: 'cache', port: 7000 },
      login: { username: 'farm', password: 'a+b' },
      tls: { ca: '/etc/ca.pem' },
    },
  ],
  [
    'redis+sentinel://farm:secret@one,two:26380,[::1]/night/3?sentinelUser=watch&sentinelPassword=a=b',
    {
      at: {
        master: 'night',
        sentinels: [
          { host: 'one', port: 26379 },
          { host: 'two', port: 26380 },
          { host: '::1', port: 26379 },
        ],
      },
      login: { username: 'farm', password: 'secret' },
      sentinelLogin: { username: 'watch', password: 'a=b' },
      db: 3,
    },
  ],
  [
    'rediss+sentinel://one/night?db=5',
    { at: { master: 'night', sentinels: [{ host: 'one', port: 26379 }] }, db: 5, tls: {} },
  ],
])('%s', (url, place) => {
  expect(parseRedisUrl(url)).toEqual({ ...plain, ...place });
});

test.each([
  ['nonsense', /is not a URL/],
  ['http://cache', /has the scheme 'http'/],
  ['redis://', /names no host/],
  ['redis://cache/secret', /names a database that is no number/],
  ['redis://cache/-1', /names a database that is no number/],
  ['redis://one,two', /names several hosts/],
  ['redis+sentinel://one:26379,two:26379', /does not say which master/],
  ['redis+sentinel://one:26379,secret:x/night', /is not a URL/],
  ['redis://user:12?secret@cache', /has a parameter that it cannot have/],
  ['redis://cache?ca=/secret', /has a parameter that it cannot have/],
  ['redis://pass#secret@cache', /holds a '#'/],
  ['redis://user:%zzsecret@cache', /holds a '%' that begins no character/],
  ['rediss://cache?cert=/secret', /has one of cert and key/],
])('%s is refused, and nothing of it is said', (url, message) => {
  expect(() => parseRedisUrl(url, '--redis-url')).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: expect.stringMatching(new RegExp(`^--redis-url (?!.*secret)${message.source}`)),
    }),
  );
});
