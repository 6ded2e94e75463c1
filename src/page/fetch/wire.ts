/** Requests without a browser: connections that are kept, one set for each proxy, answers as text and bounded. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { MAX_ANSWER_LENGTH } from '../../data-lane/captured.js';
import { htmlText } from '../../data-lane/html-text.js';
import { createOwnLag } from './own-lag.js';

export interface WireRequest {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
}

export interface WireAnswer {
  status: number;
  contentType: string | undefined;
  text: string;
  /** From when the request was sent until its headers were there, less what this process was late to see them. */
  firstByteMs: number;
  retryAfter: string | undefined;
  setCookie: string[];
  location: string | undefined;
  /** What it may be asked by whether it has changed: `etag`, `last-modified`, `date`, as far as it has them. */
  validators: Record<string, string>;
}

export interface WireWay {
  signal: AbortSignal;
  /** The server that a session goes by. */
  proxy: string | undefined;
  /** What its bytes are: UTF-8, or a document that says itself; `nothing`: they are left unread. Default `utf8`. */
  read?: 'utf8' | 'html' | 'nothing';
}

export interface Wire {
  /** Follows no redirect. Throws when there is no whole answer. */
  ask(request: WireRequest, way: WireWay): Promise<WireAnswer>;
  close(): Promise<void>;
}

/** That are told apart, as long as a process lives: proxies come and go. */
const MOST_WAYS = 64;
const CONNECT_MS = 15_000;
const KEEP_ALIVE_MS = 10_000;
const UNREAD_BYTES = 64 * 1024;
const VALIDATORS = ['etag', 'last-modified', 'date'];
/** What is understood here; a browser understands `zstd` as well. */
export const ENCODINGS = 'gzip, deflate, br';

const TOO_LARGE = `an answer over ${MAX_ANSWER_LENGTH} bytes`;
const expand = { gzip: promisify(gunzip), br: promisify(brotliDecompress), deflate: promisify(inflate) };

/** The answer came, and is not read: it is longer than what is borne, or does not say how it is written. */
export class AnswerUnread extends Error {}

export function createWire(): Wire {
  const ways = new Map<string, Dispatcher>();
  const ownLag = createOwnLag();

  function wayBy(proxy = ''): Dispatcher {
    const known = ways.get(proxy);
    if (known !== undefined) return known;
    const options = { keepAliveTimeout: KEEP_ALIVE_MS, connect: { timeout: CONNECT_MS } };
    const made =
      proxy === '' ? new Agent(options) : new ProxyAgent({ ...options, uri: proxy, proxyTunnel: false });
    const [oldest] = ways.size >= MOST_WAYS ? ways.keys() : [];
    if (oldest !== undefined) {
      void ways.get(oldest)?.close();
      ways.delete(oldest);
    }
    ways.set(proxy, made);
    return made;
  }

  return {
    async ask({ method, url, headers, body }, { signal, proxy, read = 'utf8' }) {
      const { origin, pathname, search } = new URL(url);
      ownLag.watch();
      const sentAt = performance.now();
      const answer = await wayBy(proxy).request({
        origin,
        path: `${pathname}${search}`,
        method,
        headers,
        body: body ?? null,
        signal,
      });
      const firstByteMs = Math.max(0, performance.now() - sentAt - ownLag.ms());
      const { statusCode: status } = answer;
      const contentType = one(answer.headers['content-type']);
      const isGood = status >= 200 && status <= 299; // of what is none only the status is looked at
      return {
        status,
        contentType,
        text:
          read === 'nothing'
            ? await leaveUnread(answer)
            : textOf(await bytesOf(answer), isGood ? read : 'utf8', contentType),
        firstByteMs,
        retryAfter: one(answer.headers['retry-after']),
        setCookie: [answer.headers['set-cookie'] ?? []].flat(),
        location: one(answer.headers.location),
        validators: Object.fromEntries(
          VALIDATORS.flatMap((name) => {
            const value = one(answer.headers[name]);
            return value === undefined ? [] : [[name, value]];
          }),
        ),
      };
    },
    async close() {
      await Promise.all([...ways.values()].map((way) => way.destroy()));
    },
  };
}

/** A short one is read so that the connection can be kept. */
async function leaveUnread({ body }: Dispatcher.ResponseData): Promise<string> {
  await body.dump({ limit: UNREAD_BYTES });
  return '';
}

function textOf(bytes: Buffer, read: 'utf8' | 'html', contentType: string | undefined): string {
  const text = read === 'utf8' ? bytes.toString('utf8') : htmlText(bytes, contentType);
  if (text === undefined) throw new AnswerUnread('a document that does not say how it is encoded');
  return text;
}

async function bytesOf({ headers, body }: Dispatcher.ResponseData): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MAX_ANSWER_LENGTH) throw new AnswerUnread(TOO_LARGE);
  }
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  const encoding = one(headers['content-encoding'])?.trim().toLowerCase();
  if (encoding === undefined || encoding === 'identity' || length === 0) return bytes;
  const by = encoding === 'x-gzip' ? expand.gzip : expand[encoding as keyof typeof expand];
  if (by === undefined) throw new Error(`an answer encoded by ${encoding.slice(0, 40)}`);
  return by(bytes, { maxOutputLength: MAX_ANSWER_LENGTH }).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? new AnswerUnread(TOO_LARGE)
      : error;
  });
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
