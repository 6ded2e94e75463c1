/**
 * What is kept of pages, by what it says: a content's name is its SHA-256, so equal ones are stored once, compressed.
 *
 *   kept/TARGET/FROM/AB/ABCD….br
 *
 * FROM is the first day of the week in which the batch that keeps them was made. All batches of a week share their
 * contents, and a week goes as a whole when none of its batches is left: nobody adds to a week that is over but its own
 * unfinished batches, so what is removed is never what somebody is about to name.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import type { ObjectStore } from './object-store.js';

export interface KeptContent {
  /** Its name, when it is on stable storage. Throws StoreTrouble. */
  put(from: string, content: string): Promise<string>;
  /** Undefined when it is not there, or not what it was. Throws StoreTrouble. */
  get(from: string, name: string): Promise<string | undefined>;
}

const compress = promisify(brotliCompress);
const unpack = promisify(brotliDecompress);
/** Of JSON smaller than gzip makes it, in a fifth of its time; higher ones take more than they save. */
const QUALITY = 4;

/** Of what this process has put last: most pages of a catalogue share some of their answers. */
const MOST_KNOWN = 20_000;
const DAY_MS = 24 * 3_600_000;
/** A content is no larger than an answer or a page may be; whatever says otherwise was not made by us. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The week of a batch, by the day of its beginning: `YYYY-MM-DD`. */
export function weekOf(createdAt: string): string {
  const days = Math.floor(Date.parse(createdAt) / DAY_MS);
  return new Date((days - (days % 7)) * DAY_MS).toISOString().slice(0, 10);
}

export function createKeptContent(store: ObjectStore, target: string): KeptContent {
  const known = new Set<string>();

  function remember(key: string): void {
    if (known.size >= MOST_KNOWN) known.delete(known.values().next().value ?? '');
    known.add(key);
  }

  return {
    async put(from, content) {
      const name = hashOf(content);
      const key = keyOf(target, from, name);
      if (known.has(key)) return name;
      if (!(await store.has(key)))
        await store.put(
          key,
          await compress(content, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }),
        );
      remember(key);
      return name;
    },
    async get(from, name) {
      if (!/^[0-9a-f]{64}$/.test(name) || !/^\d{4}-\d\d-\d\d$/.test(from)) return undefined;
      const packed = await store.get(keyOf(target, from, name));
      if (packed === undefined) return undefined;
      const content = await unpack(packed, { maxOutputLength: MOST_BYTES }).catch(() => undefined);
      const text = content?.toString('utf8');
      return text !== undefined && hashOf(text) === name ? text : undefined;
    },
  };
}

/** Removes the weeks that nobody names. Throws StoreTrouble. */
export async function removeWeeks(
  store: ObjectStore,
  isNamed: (target: string, from: string) => boolean,
): Promise<void> {
  for (const target of await store.folders('kept/')) {
    for (const from of await store.folders(`kept/${target}/`)) {
      if (isNamed(target, from)) continue;
      const week = `kept/${target}/${from}/`;
      for (const part of await store.folders(week))
        for await (const { key } of store.list(`${week}${part}/`)) await store.remove(key);
    }
  }
}

function keyOf(target: string, from: string, name: string): string {
  return `kept/${target}/${from}/${name.slice(0, 2)}/${name}.br`;
}

function hashOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
