import { describe, expect, test } from 'vitest';
import {
  commonShape,
  hrefPart,
  isOfShape,
  shapeAmong,
  shapePattern,
  shapeText,
} from '../../../src/init/url-shape.js';

const shop = 'https://shop.example';
const products = ['a-1', 'b-2', 'c-3', 'd.e'].map((slug) => `${shop}/p/${slug}`);
const pages = [`${shop}/`, `${shop}/about`, `${shop}/c/tea`, `${shop}/c/coffee`];

function shapeOf(url: string, others: readonly string[]) {
  const shape = shapeAmong(url, others);
  if (shape === undefined) throw new Error(`no shape of ${url}`);
  return shape;
}

describe('shapes', () => {
  test('the segment that differs', () => {
    const shape = shapeOf(`${shop}/p/x`, [...products, ...pages]);
    expect(shapeText(shape)).toBe('/p/…');
    expect(hrefPart(shape)).toBe('p/');
    const include = new RegExp(shapePattern(shape));
    expect(products.filter((url) => include.test(url))).toEqual(products);
    expect(pages.filter((url) => include.test(url))).toEqual([]);
    expect(include.test('https://other.example/p/x')).toBe(false);
    expect(include.test(`${shop}/p/x/reviews`)).toBe(false);
  });

  test('a name in the middle, a file at the end', () => {
    const books = ['one_1', 'two_2', 'three_3'].map((slug) => `${shop}/catalogue/${slug}/index.html`);
    const shape = shapeOf(books[0] ?? '', [...books, `${shop}/catalogue/page-2.html`]);
    expect(shapeText(shape)).toBe('/catalogue/…/index.html');
    expect(books.every((url) => new RegExp(shapePattern(shape)).test(url))).toBe(true);
  });

  test('an ending at the root, but never each page of the root', () => {
    const shape = shapeOf(`${shop}/a-1.html`, [`${shop}/b-2.html`, `${shop}/c.html`, ...pages]);
    expect(shapeText(shape)).toBe('/….html');
    expect(shapeAmong(`${shop}/a`, [`${shop}/b`, `${shop}/c`, `${shop}/about`])).toBeUndefined();
  });

  test('a parameter', () => {
    const items = [1, 2, 3].map((id) => `${shop}/item.php?id=${id}`);
    const shape = shapeOf(items[0] ?? '', [...items, `${shop}/item.php?q=x`]);
    expect(shapeText(shape)).toBe('/item.php?id=…');
    const include = new RegExp(shapePattern(shape));
    expect([...items, `${shop}/item.php?q=x`].filter((url) => include.test(url))).toEqual(items);
    expect(hrefPart(shape)).toBe('item.php?');
  });

  test('two alike are chance', () => {
    expect(shapeAmong(`${shop}/p/x`, [`${shop}/p/y`])).toBeUndefined();
  });

  test('the most common of many', () => {
    const shape = commonShape([...pages, ...products]);
    expect(shape && shapeText(shape)).toBe('/p/…');
    expect(commonShape([])).toBeUndefined();
  });

  test('what means something in a RegExp is only itself', () => {
    const odd = ['x', 'y', 'z'].map((slug) => `${shop}/a+b(c)/${slug}`);
    const include = new RegExp(shapePattern(shapeOf(odd[0] ?? '', odd)));
    expect(odd.every((url) => include.test(url))).toBe(true);
    expect(isOfShape('no url', shapeOf(odd[0] ?? '', odd))).toBe(false);
  });
});
