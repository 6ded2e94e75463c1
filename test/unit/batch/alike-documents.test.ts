import { expect, it } from 'vitest';
import { createAlikeDocuments } from '../../../src/batch/alike-documents.js';

function verdictOn(etags: readonly (string | undefined)[]): string | undefined {
  const documents = createAlikeDocuments();
  for (const etag of etags) documents.add(etag === undefined ? undefined : { etag });
  return documents.verdict();
}

const own = Array.from({ length: 20 }, (_, page) => `"${page}"`);

it('documents of their own speak for their pages, and a few that are alike do not matter', () => {
  expect(verdictOn(own)).toBeUndefined();
  expect(verdictOn([...own, '"same"', '"same"', undefined])).toBeUndefined();
  expect(verdictOn([])).toBeUndefined();
});

it('a shell, or one for each of two kinds of pages, says nothing of its page', () => {
  expect(verdictOn(own.map(() => '"shell"'))).toMatch(/^20 of 20 documents/);
  expect(verdictOn(own.map((_, page) => `"shell-${page % 2}"`))).toMatch(/^20 of 20 documents/);
});

it('documents that have nothing to be asked by', () => {
  expect(verdictOn([undefined, undefined])).toMatch(/neither an ETag/);
});
