import { expect, test } from 'vitest';
import { isRowType, ldFields, ldItems, ldValue } from '../../../src/init/json-ld.js';

const lamp = {
  '@type': 'Product',
  name: 'Lamp',
  sku: '0012',
  image: ['https://x.example/1.png', 'https://x.example/2.png'],
  brand: { '@type': 'Brand', name: 'Glow' },
  offers: [
    { '@type': 'Offer', price: '19.90', priceCurrency: 'EUR', availability: 'https://schema.org/InStock' },
  ],
  aggregateRating: { '@type': 'AggregateRating', ratingValue: 4.5, reviewCount: 12 },
  releaseDate: '2026-01-31',
  keywords: ['light', 'home'],
  isFamilyFriendly: true,
};

test('items of graphs and lists, by their types', () => {
  const found = ldItems([
    JSON.stringify({ '@graph': [{ '@type': 'WebSite' }, lamp] }),
    JSON.stringify({
      '@type': 'ItemList',
      itemListElement: [
        { '@type': 'ListItem', item: lamp },
        { ...lamp, '@type': ['Product', 'Thing'] },
      ],
    }),
    'no JSON',
  ]);
  expect(found.get('Product')).toHaveLength(3);
  expect([...found.keys()].filter(isRowType)).toEqual(['Product', 'Thing']);
  expect(isRowType('http://schema.org/BreadcrumbList')).toBe(false);
});

test('columns with short names and kinds', () => {
  const fields = ldFields([lamp]);
  expect(Object.fromEntries(fields.map(({ name, kind }) => [name, kind]))).toEqual({
    name: 'text',
    sku: 'text',
    image: 'text',
    brand: 'text',
    price: 'number',
    currency: 'text',
    availability: 'text',
    rating: 'number',
    reviewCount: 'number',
    releaseDate: 'date',
    keywords: 'list',
    isFamilyFriendly: 'boolean',
  });
  const price = fields.find(({ name }) => name === 'price');
  expect(ldValue(lamp, price?.path ?? [])).toBe('19.90');
});

test('what would harm is no column, and no depth is too deep to end', () => {
  const hostile = JSON.parse(
    '{"@type":"Product","__proto__":"x","constructor":"y","a-b":"z","toString":"t","name":"fine","x":{"x":{"x":{"x":{"x":1}}}}}',
  );
  expect(ldFields([hostile]).map(({ name }) => name)).toEqual(['name']);
  const deep = `${'{"@graph":['.repeat(5_000)}${']}'.repeat(5_000)}`;
  expect(ldItems([deep, JSON.stringify(lamp)]).get('Product')).toHaveLength(1);
});
