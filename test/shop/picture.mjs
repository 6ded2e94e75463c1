// @ts-check
/** Product pictures: real PNGs, drawn from a number. A fixed set is drawn once each and serves every URL. */

import { deflateSync } from 'node:zlib';
import { crc32Of } from './crc32.mjs';
import { Dice } from './dice.mjs';

export const pictureCount = 48;
const size = 240;

/** @type {(Buffer | undefined)[]} */
const drawn = [];

/**
 * @param {number} number any whole number
 * @returns {Buffer} a PNG of 240 × 240 pixels, about 10 KB
 */
export function pictureOf(number) {
  const at = number % pictureCount;
  drawn[at] ??= encodePng(draw(at), palette(at));
  return drawn[at];
}

/**
 * A vase-like body turned on a lathe: its radius by height is a sum of two waves; lit from the left.
 * @param {number} number
 */
function draw(number) {
  const dice = new Dice(99, number);
  const waves = [dice.whole(1, 3), dice.whole(2, 6)];
  const girth = dice.whole(38, 70);
  const swell = dice.whole(8, 30);
  const band = dice.whole(90, 160);
  const pixels = Buffer.alloc(size * (size + 1));
  for (let y = 0; y < size; y++) {
    const turn = ((y - 30) / 180) * Math.PI;
    const radius =
      y < 30 || y > 210
        ? 0
        : girth + swell * Math.sin(turn * (waves[0] ?? 1)) + (swell / 3) * Math.cos(turn * (waves[1] ?? 2));
    for (let x = 0; x < size; x++) {
      const across = (x - size / 2) / (radius || 1);
      const grain = dice.fraction() < 0.08 ? 1 : 0;
      let shade = 200 + Math.floor((y / size) * 40) + grain;
      if (radius > 0 && Math.abs(across) < 1) {
        const light = Math.sqrt(1 - across * across) * 0.7 - across * 0.3;
        shade =
          Math.max(0, Math.min(95, Math.floor(light * 90) + grain * 2)) + (Math.abs(y - band) < 9 ? 96 : 0);
      } else if (y > 210 && y < 215 && Math.abs(x - size / 2) < girth + 20) {
        shade = 252;
      }
      pixels[y * (size + 1) + 1 + x] = shade;
    }
  }
  return pixels;
}

/**
 * 0-95 the body from dark to light, 96-191 its band, 192-255 the backdrop.
 * @param {number} number
 */
function palette(number) {
  const dice = new Dice(101, number);
  const body = hue(dice.whole(0, 359), 0.45);
  const stripe = hue(dice.whole(0, 359), 0.6);
  const bytes = Buffer.alloc(256 * 3);
  for (let at = 0; at < 256; at++) {
    const [colour, light] =
      at < 96
        ? [body, 0.25 + (at / 95) * 0.75]
        : at < 192
          ? [stripe, 0.3 + ((at - 96) / 95) * 0.7]
          : [[244, 241, 235], 0.82 + ((255 - at) / 63) * 0.18];
    for (let part = 0; part < 3; part++) bytes[at * 3 + part] = Math.round((colour[part] ?? 0) * light);
  }
  return bytes;
}

/**
 * @param {number} degrees
 * @param {number} strength 0 to 1
 */
function hue(degrees, strength) {
  return [0, 120, 240].map((part) => {
    const distance = Math.abs(((degrees - part + 540) % 360) - 180);
    return 235 * (1 - strength * Math.min(1, distance / 120));
  });
}

/**
 * @param {Buffer} rows each led by its filter byte
 * @param {Buffer} colours
 */
function encodePng(rows, colours) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/**
 * @param {string} type
 * @param {Buffer} data
 */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32Of(body), body.length + 4);
  return whole;
}
