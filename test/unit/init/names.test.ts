import { expect, test } from 'vitest';
import { createNaming } from '../../../src/init/in-page-names.js';

const { isStable, nameOf } = createNaming();

test.each(['card', 'product-card', 'product__title', 'productTitle', 'price', 'listing_price', 'stock'])(
  '%s was written by a person',
  (token) => expect(isStable(token)).toBe(true),
);

test.each([
  'css-1q2w3e',
  'css-abcdef',
  'sc-bdVaJa',
  'bdVaJa',
  'jsx-2871293847',
  '_3xYz9Q',
  'Card_title__2fQ8k',
  'svelte-xyz',
  'kdjfhgq',
  'md:flex',
  'w-1/2',
  'mt-4',
  'text-sm',
  'flex',
  'is-active',
  'a'.repeat(41),
  '',
  'x"]{',
])('%j was not', (token) => expect(isStable(token)).toBe(false));

test.each([
  ['product-card__old-price', 'oldPrice'],
  ['product-title', 'title'],
  ['productName', 'name'],
  ['Größe', 'grosse'],
  ['dimensions.widthMm', 'dimensionsWidthMm'],
  ['2nd-price', 'price'],
  ['wrapper', undefined],
  ['constructor', undefined],
  ['__proto__', undefined],
  ['価格', undefined],
])('%s is called %s', (token, name) => {
  expect(nameOf(token)).toBe(name);
});

test('an attribute keeps all of its name', () => {
  expect(nameOf('product-id', { whole: true })).toBe('productId');
});
