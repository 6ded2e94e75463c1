/**
 * A log in an object store that one writer at a time appends to. Who takes it over fences off whoever wrote before, be
 * that one dead, cut off or only slow: what it appends from then on does not count, and it is told so. It needs
 * nothing of the store but that a list shows what was written before, so that any S3-compatible server will do.
 *
 *   TERM.claim               the taker says that it comes, before it looks at what there is
 *   TERM-000000.from=ENTRY   then: the last entry that counts of those before; `none` when there are none
 *   TERM-000001.KIND …       its entries
 *
 * A TERM is a number and something random, and a greater one outranks a lesser. Whoever appends looks for a greater
 * term afterwards. If there is none, its entry was there before whoever will come claims, and hence before that one
 * looks: it counts. If there is one, the entry may count or not, and its writer has lost the log.
 */
import { randomBytes } from 'node:crypto';
import type { ObjectStore } from './object-store.js';

export interface LogEntry {
  key: string;
  kind: string;
  bytes: number;
}

export interface FencedLog {
  /** The entries that counted when the log was taken, in order. */
  readonly before: readonly LogEntry[];
  /**
   * Durable when it resolves. Throws LogLost when somebody has taken the log over, and what the store throws: then the
   * next call takes this one's place. Calls wait for each other.
   */
  append(kind: string, body: Buffer | string): Promise<void>;
  /** Throws LogLost when somebody has taken the log over. */
  assertOwn(): Promise<void>;
}

/** Somebody else has taken the log over. */
export class LogLost extends Error {}

/** Takes over the log below `prefix` (with its slash). Throws LogLost when somebody else does so at the same time. */
export async function takeLog(store: ObjectStore, prefix: string, who: string): Promise<FencedLog> {
  const greatest = (await partsOf(store, prefix)).at(-1)?.term;
  const term = `${pad(Number(greatest?.split('.')[0] ?? 0) + 1)}.${randomBytes(4).toString('hex')}`;
  await store.put(`${prefix}${term}.claim`, Buffer.from(who));
  await assertOwn();
  const before = chainOf((await partsOf(store, prefix)).filter((part) => part.term < term));
  let next = 0;
  let appending: Promise<void> = Promise.resolve();

  async function assertOwn(): Promise<void> {
    for await (const { key } of store.list(prefix, `${prefix}${term}~`)) throw new LogLost(`${key} is newer`);
  }

  async function append(kind: string, body: Buffer | string): Promise<void> {
    await store.put(`${prefix}${term}-${pad(next)}.${kind}`, Buffer.from(body));
    next += 1;
    await assertOwn();
  }

  const last = before.at(-1);
  await append(`from=${last === undefined ? 'none' : `${last.term}-${pad(last.number)}`}`, who);
  return {
    before: entriesOf(before),
    assertOwn,
    append(kind, body) {
      appending = appending.catch(() => undefined).then(() => append(kind, body));
      return appending;
    },
  };
}

/** The entries that count by now, in order. */
export async function readLog(store: ObjectStore, prefix: string): Promise<LogEntry[]> {
  return entriesOf(chainOf(await partsOf(store, prefix)));
}

interface Part {
  term: string;
  /** Undefined: a claim. */
  number: number | undefined;
  kind: string;
  key: string;
  bytes: number;
}

type Numbered = Part & { number: number };

const PART = /^(\d+\.[0-9a-f]{8})(?:-(\d+))?\.(\S+)$/;

async function partsOf(store: ObjectStore, prefix: string): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const { key, bytes } of store.list(prefix)) {
    const [, term, number, kind] = PART.exec(key.slice(prefix.length)) ?? [];
    if (term === undefined || kind === undefined) continue;
    parts.push({ term, number: number === undefined ? undefined : Number(number), kind, key, bytes });
  }
  return parts;
}

/** From the greatest term that has looked at what there was, back over those that it went on from. */
function chainOf(parts: readonly Part[]): Numbered[] {
  const terms = new Map<string, Numbered[]>();
  for (const part of parts) {
    if (part.number === undefined) continue;
    const own = terms.get(part.term) ?? [];
    own.push(part as Numbered);
    terms.set(part.term, own);
  }
  const links: Numbered[][] = [];
  let term = [...terms.keys()].sort().at(-1);
  for (let upTo = Number.POSITIVE_INFINITY; term !== undefined; ) {
    const own: Numbered[] = (terms.get(term) ?? [])
      .filter(({ number }) => number <= upTo)
      .sort((a, b) => a.number - b.number); // names of more digits than usual come out of order
    links.unshift(own);
    const from: string | undefined = /^from=(.*)-(\d+)$/.exec(own[0]?.kind ?? '')?.[1];
    upTo = Number(/-(\d+)$/.exec(own[0]?.kind ?? '')?.[1]);
    term = from;
  }
  return links.flat();
}

function entriesOf(chain: readonly Numbered[]): LogEntry[] {
  return chain.filter(({ number }) => number > 0).map(({ key, kind, bytes }) => ({ key, kind, bytes }));
}

function pad(number: number): string {
  return String(number).padStart(6, '0');
}
