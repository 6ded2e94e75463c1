import { expect, it } from 'vitest';
import { conditionOf, isOf, validatorOf } from '../../../src/page/validator.js';

const NOW = Date.parse('2026-03-01T03:00:00Z');
const older = 'Sun, 01 Mar 2026 02:00:00 GMT';
const justNow = 'Sun, 01 Mar 2026 02:59:30 GMT';

it.each([
  ['an ETag', { etag: '"abc"' }, { etag: '"abc"' }],
  ['a weak one', { etag: 'W/"abc-gzip"' }, { etag: 'W/"abc-gzip"' }],
  ['both', { etag: '"abc"', 'last-modified': older }, { etag: '"abc"' }],
  ['what is no ETag', { etag: 'abc', 'last-modified': older }, undefined],
  ['a time', { 'last-modified': older }, { lastModified: older }],
  ['a time within the minute before', { 'last-modified': justNow }, undefined],
  [
    'one that is old by the clock of the site',
    { 'last-modified': justNow, date: 'Sun, 01 Mar 2026 03:10:00 GMT' },
    { lastModified: justNow },
  ],
  ['no time', { 'last-modified': 'yesterday' }, undefined],
  ['nothing', {}, undefined],
])('a document with %s', (_, headers, validator) => {
  expect(validatorOf(headers as Record<string, string>, NOW)).toEqual(validator);
});

it('is asked for by the header that belongs to it', () => {
  expect(conditionOf({ etag: '"a"' })).toEqual({ 'if-none-match': '"a"' });
  expect(conditionOf({ lastModified: older })).toEqual({ 'if-modified-since': older });
});

it.each([
  [{ etag: '"a"' }, '"a"', true],
  [{ etag: '"a"' }, 'W/"a"', true],
  [{ etag: '"a"' }, undefined, true],
  [{ etag: '"a"' }, '"b"', false],
  [{ lastModified: older }, '"b"', true],
] as const)('a 304 to %o with the ETag %s is of that document: %s', (validator, etag, is) => {
  expect(isOf(validator, etag)).toBe(is);
});
