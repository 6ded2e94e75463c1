import { expect, test } from 'vitest';
import { isOwnSite } from '../../../browser-pool/own-site.js';

test.each([
  ['https://shop.com/api', 'https://shop.com/p/1', true],
  ['https://api.shop.com:8443/', 'https://www.shop.com/p/1', true],
  ['https://api.shop.co.uk/', 'https://shop.co.uk/p/1', true],
  ['https://other.co.uk/', 'https://shop.co.uk/p/1', false],
  ['https://stats.example/', 'https://shop.com/p/1', false],
  ['http://127.0.0.1:4001/', 'http://127.0.0.1:4000/', true],
  ['http://127.0.0.2/', 'http://127.0.0.1/', false],
  ['http://[::1]:1/', 'http://[::1]:2/', true],
  ['http://localhost/', 'http://127.0.0.1/', false],
  ['data:text/plain,a', 'https://shop.com/', false],
  ['nonsense', 'about:blank', false],
])('%s asked by %s: %s', (url, documentUrl, own) => {
  expect(isOwnSite(url, documentUrl, [])).toBe(own);
});

test.each([
  ['cdn-of-shop.net', true],
  ['CDN-of-shop.net', true],
  ['cdn-of-shop.net:443', true],
  ['cdn-of-shop.net:8443', false],
  ['*.net', true],
  ['*.cdn-of-shop.net', false],
])('a host that the target names as %s: %s', (host, own) => {
  expect(isOwnSite('https://cdn-of-shop.net/a.json', 'https://shop.com/', [host])).toBe(own);
});
