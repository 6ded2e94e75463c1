import { expect, it } from 'vitest';
import { htmlText } from '../../../src/data-lane/html-text.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');

it.each<[how: string, read: string | undefined, is: string | undefined]>([
  ['what the content type says', htmlText(bytes('caf\xe9'), 'text/html; charset=ISO-8859-1'), 'café'],
  [
    '… in quotes, and before a meta',
    htmlText(utf8('<meta charset=latin1>é'), 'text/html;charset="UTF-8"'),
    '<meta charset=latin1>é',
  ],
  [
    'a meta with a name',
    htmlText(bytes('<meta charset="windows-1251">\xcf'), 'text/html'),
    '<meta charset="windows-1251">П',
  ],
  [
    'a meta as a header',
    htmlText(bytes(`<META content='text/html; charset=windows-1252' http-equiv=x>\x80`), undefined)?.at(-1),
    '€',
  ],
  [
    'no meta in a comment',
    htmlText(bytes('<!-- <meta charset=utf-8> --><meta charset=latin1>\xe9'), undefined)?.at(-1),
    'é',
  ],
  ['a meta that cannot be true', htmlText(utf8('<meta charset=utf-16>é'), 'text/html')?.at(-1), 'é'],
  [
    'a label that means nothing is none',
    htmlText(utf8('<meta charset=utf-8>é'), 'text/html; charset=nonsense')?.at(-1),
    'é',
  ],
  [
    'a mark above all',
    htmlText(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), utf8('é')]), 'text/html; charset=latin1'),
    'é',
  ],
  ['UTF-16 by its mark', htmlText(Buffer.from('\ufeffé', 'utf16le'), undefined), 'é'],
  ['ASCII, whatever it is', htmlText(bytes('<p>plain'), 'text/html'), '<p>plain'],
  ['nothing that a browser would have to guess', htmlText(utf8('é'), 'text/html'), undefined],
])('a document is read by %s', (_, read, is) => {
  expect(read).toBe(is);
});
