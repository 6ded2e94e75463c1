/**
 * The batch's list of pages on disk: append-only NDJSON, a page a line, numbered from 0 in the order of the lines. A
 * page is in the batch when its line is on stable storage. A torn last line is cut off at the next opening.
 */
import { open } from 'node:fs/promises';
import { reasonOf, ThreshError } from '../errors.js';
import type { Json } from '../target/definition.js';

export interface NewPage {
  url: string;
  label?: string;
  data?: Json;
  /** When it last changed, as its source says; only where the target goes by it. */
  lastmod?: string;
  /** Why it is not fetched. */
  skip?: 'robots' | 'robots-unreachable' | 'limit';
  /** The page that followed the link to it. */
  from?: number;
  /** What an earlier batch has of it, of a batch whose pages are those of another. */
  before?: Json;
}

export interface FrontierPage extends NewPage {
  /** Its number, from 0: its identity in the batch. */
  n: number;
}

export interface FrontierCursor {
  n: number;
  offset: number;
}

export interface Frontier {
  readonly size: number;
  /** Durable when it resolves. Throws OUTPUT_UNWRITABLE (retry `later`) when not, and then none of them is in it. */
  append(pages: readonly NewPage[]): Promise<void>;
  /** At most `count` pages from the cursor (undefined: the start) on, and the cursor behind them. */
  readFrom(
    cursor: FrontierCursor | undefined,
    count: number,
  ): Promise<{ pages: FrontierPage[]; next: FrontierCursor }>;
  /** All pages, in portions. */
  read(): AsyncGenerator<FrontierPage[]>;
  close(): Promise<void>;
}

/** As they stand in the frontier: a line each. */
export function encodePages(pages: readonly NewPage[]): Buffer {
  return Buffer.from(
    pages
      .map(
        ({ url, label, data, lastmod, skip, from, before }) =>
          `${JSON.stringify({ url, label, data, lastmod, skip, from, before })}\n`,
      )
      .join(''),
  );
}

const NEWLINE = 10;
const CHUNK = 256 * 1024;
const PORTION = 1_000;

export async function openFrontier(file: string): Promise<Frontier> {
  const handle = await open(file, 'a+');
  let { size, bytes } = await measure();

  /** Counts whole lines, and cuts off what a power cut left of the last one. */
  async function measure(): Promise<{ size: number; bytes: number }> {
    const chunk = Buffer.alloc(CHUNK);
    let lines = 0;
    let end = 0;
    for (let at = 0; ; ) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK, at);
      if (bytesRead === 0) break;
      for (
        let found = chunk.indexOf(NEWLINE);
        found >= 0 && found < bytesRead;
        found = chunk.indexOf(NEWLINE, found + 1)
      ) {
        lines += 1;
        end = at + found + 1;
      }
      at += bytesRead;
    }
    await handle.truncate(end);
    return { size: lines, bytes: end };
  }

  async function readFrom(cursor: FrontierCursor | undefined, count: number) {
    const pages: FrontierPage[] = [];
    let { n, offset } = cursor ?? { n: 0, offset: 0 };
    let rest = Buffer.alloc(0);
    for (let at = offset; pages.length < count && at < bytes; ) {
      const chunk = Buffer.alloc(Math.min(CHUNK, bytes - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const text = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      let from = 0;
      for (
        let end = text.indexOf(NEWLINE);
        end >= 0 && pages.length < count;
        end = text.indexOf(NEWLINE, from)
      ) {
        pages.push({ n, ...(JSON.parse(text.subarray(from, end).toString('utf8')) as NewPage) });
        offset += end + 1 - from;
        n += 1;
        from = end + 1;
      }
      rest = text.subarray(from);
    }
    return { pages, next: { n, offset } };
  }

  return {
    get size() {
      return size;
    },
    async append(pages) {
      if (pages.length === 0) return;
      const text = encodePages(pages);
      try {
        await handle.appendFile(text);
        await handle.datasync();
      } catch (cause) {
        await handle.truncate(bytes); // all of them or none
        throw new ThreshError(`cannot write pages to ${file}: ${reasonOf(cause)}`, {
          code: 'OUTPUT_UNWRITABLE',
          scope: 'batch',
          retry: 'later',
          mend: 'free space on that disk; the batch goes on where it was',
          cause,
        });
      }
      bytes += text.length;
      size += pages.length;
    },
    readFrom,
    async *read() {
      for (let cursor: FrontierCursor | undefined; ; ) {
        const { pages, next } = await readFrom(cursor, PORTION);
        if (pages.length === 0) return;
        yield pages;
        cursor = next;
      }
    },
    close: () => handle.close(),
  };
}
