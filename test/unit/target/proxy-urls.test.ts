import { expect, it } from 'vitest';
import { proxyListProblems, proxyName, withoutCredentials } from '../../../src/target/proxy-urls.js';

it('takes http, https and socks5 with and without a user', () => {
  const list = [
    'http://10.0.0.1:8080',
    'https://u:p%40ss@proxy.example.com',
    'socks5://u:a:b@10.0.0.1:1080',
    'http://[::1]:80',
  ];
  expect(proxyListProblems(list)).toEqual([]);
  expect(list.map(proxyName)).toEqual([
    'http://10.0.0.1:8080',
    'https://proxy.example.com',
    'socks5://10.0.0.1:1080',
    'http://[::1]',
  ]);
});

it('names every problem at once, by its place, with a way to mend it and without the password', () => {
  const list = [
    'user:s3cret@proxy:80',
    'ftp://user:s3cret@proxy:21',
    'socks5://user:s3cret@proxy',
    'http://user:s3cret@proxy:80/path',
    'http://user:s3cret%zz@proxy:80',
  ];
  const problems = proxyListProblems(list);
  expect(problems.map(({ path, message }) => `${path} ${message}`)).toEqual([
    'proxies[0] is neither http, https nor socks5',
    'proxies[1] is neither http, https nor socks5',
    'proxies[2] names no port',
    'proxies[3] has more than scheme, user, password, host and port',
    'proxies[4] has a % in its user or password that stands for nothing',
  ]);
  expect(problems.every(({ mend }) => mend.length > 0)).toBe(true);
  expect(JSON.stringify(problems)).not.toContain('s3cret');
});

it.each([
  [[], 'is an empty list'],
  ['http://u:s3cret@proxy:80', 'must be a list of URLs, or a function that gives one'],
])('refuses %j as a whole', (given, message) => {
  expect(proxyListProblems(given)).toMatchObject([{ path: 'proxies', message }]);
  expect(JSON.stringify(proxyListProblems(given))).not.toContain('s3cret');
});

it.each([
  [7, 'is no URL'],
  ['socks5://u:p@[::1]:1080', 'names an IPv6 address'],
  ['http://us%3Aer:p@proxy:80', 'has a colon in its user'],
  [`socks5://${'u'.repeat(256)}:p@proxy:80`, 'has a user or password of more than 255 bytes'],
])('refuses %j', (url, message) => {
  expect(proxyListProblems([url])).toMatchObject([{ path: 'proxies[0]', message }]);
});

it('takes users and passwords out of a text', () => {
  expect(withoutCredentials('no answer of http://u:p@ss@host:80/x, nor of socks5://u@h:1')).toBe(
    'no answer of http://host:80/x, nor of socks5://h:1',
  );
});
