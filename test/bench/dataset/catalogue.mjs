// @ts-check
/** The catalogue that is aggregated: the same rows for the same number, one in twenty with the key of an earlier one. */
import { z } from 'zod';

const WORDS =
  'steel oak linen copper glass walnut cotton marble bamboo leather ceramic brass wool paper stone silver maple clay velvet amber'.split(
    ' ',
  );
const BRANDS = Array.from({ length: 240 }, (_, at) => `${word(at)}${word(at * 7 + 3)} & Co`);
const START_MS = Date.UTC(2026, 0, 1);

/** Twelve columns, a list and two timestamps among them. */
export const schema = z.object({
  sku: z.string(),
  title: z.string(),
  brand: z.string(),
  category: z.string(),
  price: z.number(),
  listPrice: z.number().nullable(),
  stock: z.int(),
  rating: z.number().nullable(),
  available: z.boolean(),
  tags: z.array(z.string()),
  listedAt: z.date(),
  description: z.string(),
});
export const key = ['sku'];

/** How many rows are left of so many. @param {number} rows */
export function distinctOf(rows) {
  return rows - Math.floor(rows / 20);
}

/** @param {number} at */
export function rowAt(at) {
  const draw = drawsOf(at);
  const price = Math.round(draw() * 90_000 + 99) / 100;
  return {
    sku: `SKU-${String(keyOf(at)).padStart(9, '0')}`,
    title: words(draw, 4),
    brand: BRANDS[Math.floor(draw() * BRANDS.length)] ?? '',
    category: `${words(draw, 1)}/${words(draw, 1)}`,
    price,
    listPrice: draw() < 0.3 ? null : Math.round(price * 120) / 100,
    stock: Math.floor(draw() * 500),
    rating: draw() < 0.2 ? null : Math.round(draw() * 50) / 10,
    available: draw() < 0.9,
    tags: Array.from({ length: 1 + Math.floor(draw() * 4) }, () => words(draw, 1)),
    listedAt: new Date(START_MS - Math.floor(draw() * 5e10)),
    description: words(draw, 12),
  };
}

/** Every twentieth row is another one of some row before it. @param {number} at */
function keyOf(at) {
  if (at % 20 !== 19) return at;
  const earlier = Math.floor(drawsOf(at ^ 0x55555555)() * at);
  return earlier % 20 === 19 ? earlier - 1 : earlier;
}

/** @param {() => number} draw @param {number} count */
function words(draw, count) {
  return Array.from({ length: count }, () => word(Math.floor(draw() * WORDS.length))).join(' ');
}

/** @param {number} at */
function word(at) {
  return WORDS[at % WORDS.length] ?? '';
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). @param {number} seed */
function drawsOf(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
