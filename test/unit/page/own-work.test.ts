import { expect, test } from 'vitest';
import { ownTurn } from '../../../src/page/fetch/own-work.js';

test('pages that come together are worked on one at a time, with a look at the network before each', async () => {
  const seen: string[] = [];
  const pages = ['a', 'b', 'c'].map(async (page) => {
    await ownTurn();
    seen.push(page);
    setImmediate(() => seen.push(`after ${page}`));
  });
  await Promise.all(pages);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(seen.filter((said) => !said.startsWith('after'))).toEqual(['a', 'b', 'c']);
  expect(seen.indexOf('c') - seen.indexOf('a')).toBeGreaterThan(2); // what came meanwhile had its turn between them
});
