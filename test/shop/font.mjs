// @ts-check
/**
 * The shop's web font, "Shop Pixel": capitals, digits and a little punctuation, built from 5 × 7 bitmaps as a TrueType
 * font and wrapped as WOFF2 (with the null transform, so only Brotli stands between the tables and the file).
 */
import { brotliCompressSync } from 'node:zlib';

/** Rows of each glyph from the top, five bits each, as hexadecimal digit pairs. */
const bitmaps = /** @type {Record<string, string>} */ ({
  A: '0e11111f111111',
  B: '1e11111e11111e',
  C: '0e11101010110e',
  D: '1e11111111111e',
  E: '1f10101e10101f',
  F: '1f10101e101010',
  G: '0e11101711110f',
  H: '1111111f111111',
  I: '0e04040404040e',
  J: '0702020202120c',
  K: '11121418141211',
  L: '1010101010101f',
  M: '111b1515111111',
  N: '11111915131111',
  O: '0e11111111110e',
  P: '1e11111e101010',
  Q: '0e11111115120d',
  R: '1e11111e141211',
  S: '0f10100e01011e',
  T: '1f040404040404',
  U: '1111111111110e',
  V: '11111111110a04',
  W: '1111111515150a',
  X: '11110a040a1111',
  Y: '1111110a040404',
  Z: '1f01020408101f',
  0: '0e11131519110e',
  1: '040c040404040e',
  2: '0e11010204081f',
  3: '1f02040201110e',
  4: '02060a121f0202',
  5: '1f101e0101110e',
  6: '0608101e11110e',
  7: '1f010204080808',
  8: '0e11110e11110e',
  9: '0e11110f01020c',
  '&': '0c12140815120d',
  '.': '00000000000c0c',
  '-': '0000001f000000',
});

const unitsPerEm = 1000;
const pixel = 100;
const advance = 600;
const ascent = 800;
const descent = -200;

/** @returns {Buffer} the font as WOFF2, about 1 KB */
export function buildWoff2() {
  const tables = buildTables();
  const data = Buffer.concat(tables.map(([, bytes]) => bytes));
  const directory = Buffer.concat(
    tables.map(([tag, bytes]) => {
      const known = knownTags.indexOf(tag);
      const untransformed = tag === 'glyf' || tag === 'loca' ? 3 << 6 : 0;
      return Buffer.from([known | untransformed, ...base128(bytes.length)]);
    }),
  );
  const packed = brotliCompressSync(data);
  const header = Buffer.alloc(48);
  const length = align(header.length + directory.length + packed.length);
  header.write('wOF2', 0, 'latin1');
  header.writeUInt32BE(0x00010000, 4);
  header.writeUInt32BE(length, 8);
  header.writeUInt16BE(tables.length, 12);
  header.writeUInt32BE(
    12 + tables.length * 16 + tables.reduce((sum, [, bytes]) => sum + align(bytes.length), 0),
    16,
  );
  header.writeUInt32BE(packed.length, 20);
  header.writeUInt16BE(1, 24);
  const body = Buffer.concat([header, directory, packed]);
  return Buffer.concat([body, Buffer.alloc(length - body.length)]);
}

/** The start of WOFF2's list of known table tags (W3C WOFF2, section 4.1). */
const knownTags = [
  'cmap',
  'head',
  'hhea',
  'hmtx',
  'maxp',
  'name',
  'OS/2',
  'post',
  'cvt ',
  'fpgm',
  'glyf',
  'loca',
];

/** @param {number} value */
function base128(value) {
  const bytes = [value & 127];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 127) | 128);
  return bytes;
}

/** @param {number} length */
function align(length) {
  return (length + 3) & ~3;
}

/** @returns {[string, Buffer][]} in the order of the file; `loca` right after `glyf` */
function buildTables() {
  const codes = [32, ...Object.keys(bitmaps).map((character) => character.charCodeAt(0))].sort(
    (a, b) => a - b,
  );
  const glyphs = [
    glyphOf('1f11111111111f'),
    ...codes.map((code) => glyphOf(bitmaps[String.fromCharCode(code)] ?? '')),
  ];
  const offsets = [0];
  for (const { bytes } of glyphs) offsets.push((offsets.at(-1) ?? 0) + bytes.length);
  const loca = Buffer.alloc(offsets.length * 4);
  offsets.forEach((offset, at) => {
    loca.writeUInt32BE(offset, at * 4);
  });
  return [
    ['cmap', cmapTable(codes)],
    [
      'head',
      shorts(
        1,
        0,
        1,
        0,
        0,
        0,
        0x5f0f,
        0x3cf5,
        0b1011,
        unitsPerEm,
        0,
        0,
        0xe000,
        0,
        0,
        0,
        0xe000,
        0,
        0,
        descent,
        advance,
        ascent,
        0,
        8,
        2,
        1,
        0,
      ),
    ],
    ['hhea', shorts(1, 0, ascent, descent, 0, advance, 0, 0, advance, 1, 0, 0, 0, 0, 0, 0, 0, glyphs.length)],
    ['hmtx', shorts(...glyphs.flatMap(() => [advance, 0]))],
    ['maxp', shorts(1, 0, glyphs.length, 4 * 35, 35, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0)],
    ['name', nameTable()],
    ['OS/2', os2Table(codes)],
    ['post', shorts(3, 0, 0, 0, -100, 50, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)],
    ['glyf', Buffer.concat(glyphs.map(({ bytes }) => bytes))],
    ['loca', loca],
  ];
}

/**
 * Each run of set bits in a row is one rectangle.
 * @param {string} hex
 */
function glyphOf(hex) {
  const boxes = [...Buffer.from(hex, 'hex')].flatMap((row, line) => {
    const top = (7 - line) * pixel;
    return [...row.toString(2).padStart(5, '0').matchAll(/1+/g)].map((run) => ({
      left: run.index * pixel,
      right: (run.index + run[0].length) * pixel,
      top,
      bottom: top - pixel,
    }));
  });
  if (boxes.length === 0) return { bytes: Buffer.alloc(0) };
  const corners = boxes.flatMap(({ left, right, top, bottom }) => [
    [left, bottom],
    [left, top],
    [right, top],
    [right, bottom],
  ]);
  const axis = (/** @type {number} */ at) => corners.map((corner) => corner[at] ?? 0);
  const steps = (/** @type {number[]} */ line) => line.map((value, at) => value - (line[at - 1] ?? 0));
  const [xs, ys] = [axis(0), axis(1)];
  const bytes = Buffer.concat([
    shorts(boxes.length, Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)),
    shorts(...boxes.map((_, at) => at * 4 + 3), 0),
    Buffer.alloc(corners.length, 1),
    shorts(...steps(xs), ...steps(ys)),
  ]);
  return { bytes: Buffer.concat([bytes, Buffer.alloc(align(bytes.length) - bytes.length)]) };
}

/**
 * Format 4, one segment a character.
 * @param {number[]} codes in ascending order; character `at` is glyph `at + 1`
 */
function cmapTable(codes) {
  const segments = codes.length + 1;
  const search = 2 ** Math.floor(Math.log2(segments));
  return shorts(
    ...[0, 1, 3, 1, 0, 12],
    ...[4, 16 + segments * 8, 0, segments * 2, search * 2, Math.log2(search), (segments - search) * 2],
    ...[...codes, 0xffff, 0, ...codes, 0xffff],
    ...[...codes.map((code, at) => (at + 1 - code) & 0xffff), 1],
    ...Array(segments).fill(0),
  );
}

function nameTable() {
  const names = ['Shop Pixel', 'Regular', 'Shop Pixel 1', 'Shop Pixel', 'Version 1.0', 'ShopPixel'].map(
    (name) => Buffer.from(name, 'utf16le').swap16(),
  );
  let offset = 0;
  const records = names.flatMap((name, at) => {
    offset += name.length;
    return [3, 1, 0x409, at + 1, name.length, offset - name.length];
  });
  return Buffer.concat([shorts(0, names.length, 6 + names.length * 12), shorts(...records), ...names]);
}

/** @param {number[]} codes */
function os2Table(codes) {
  return shorts(
    ...[4, advance, 400, 5, 0, 650, 600, 0, 75, 650, 600, 0, 350, 50, 300, 0],
    ...[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
    ...[
      0x5448,
      0x5253,
      0x40,
      codes[0] ?? 32,
      codes.at(-1) ?? 90,
      ascent,
      descent,
      0,
      ascent,
      -descent,
      0,
      1,
      0,
      0,
      500,
      700,
      0,
      32,
      0,
    ],
  );
}

/** @param {number[]} values 16 bits each, signed or not */
function shorts(...values) {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => {
    bytes.writeUInt16BE(value & 0xffff, at * 2);
  });
  return bytes;
}
