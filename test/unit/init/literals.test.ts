import { runInThisContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comment, pattern, property, quote } from '../../../src/init/literals.js';

const HOSTILE = [
  "'); process.exit(7); ('",
  `\`\${process.exit(7)}\``,
  '*/ process.exit(7) /*',
  '\\',
  "\\'",
  'one\ntwo\r\nthree',
  'one\u2028two\u2029three',
  '\u202e gnitset',
  '\ud800 broken',
  '</script><!--',
  '\u0000\u001b[31m',
  '//# sourceMappingURL=https://evil.example/x',
];

describe('a string', () => {
  test.each(HOSTILE)('says %j and nothing else', (text) => {
    const written = quote(text);
    expect(runInThisContext(written)).toBe(text);
    expect(written).toMatch(/^'[^\n\r\u2028\u2029\u202e\u001b\u0000]*'$/);
  });

  test('says whatever there is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => runInThisContext(quote(text)) === text),
      { numRuns: 2_000, seed: 1 },
    );
  });
});

describe('a pattern', () => {
  test.each(HOSTILE)('of %j stays one', (text) => {
    const escaped = text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    const found = runInThisContext(pattern(escaped)) as RegExp;
    expect(Object.prototype.toString.call(found)).toBe('[object RegExp]');
    expect(found.test(text)).toBe(true);
    expect(pattern(escaped)).not.toMatch(/[\n\r\u2028\u2029]/);
  });

  test('a slash in it does not end it, a class keeps its own', () => {
    expect(pattern('^http://x/[^/?#]+$')).toBe('/^http:\\/\\/x\\/[^\\/?#]+$/');
    expect(pattern('')).toBe('/(?:)/');
  });
});

test.each(HOSTILE)('a comment of %j is one line', (text) => {
  const written = comment(text);
  expect(written.startsWith('// ')).toBe(true);
  expect(written.split(/[\n\r\u2028\u2029]/)).toHaveLength(1);
  expect(written).not.toContain('*/');
  expect(written).not.toContain('\u001b');
});

test('a key that is no name is quoted', () => {
  expect([property('price'), property("a'b")]).toEqual(['price', "'a\\'b'"]);
});
