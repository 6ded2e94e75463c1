/**
 * What the machines of a farm know of each other's batches: a store that all of them reach (THRESH_STORE), beside the
 * home that each has to itself. A batch in it:
 *
 *   batches/BATCH/batch.json      the spec
 *   batches/BATCH/log/            who runs the batch appends to it, and who takes it over fences the one before off: its
 *                                 journal, its frontier, how far a delivery has come (store/fenced-log.ts)
 *   batches/BATCH/segments/       rows, by whoever rendered them; a page is complete when its segment is here
 *   batches/BATCH/files/          screenshots and their like; at its end what tells of it
 *   batches/BATCH/partitions/     what of its dataset is built, when that is large (partition-objects.ts)
 *
 * The batch's folder at home is a copy: whoever begins to run a batch brings it in step first. What stands only there
 * has not happened.
 */
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SegmentWriter } from '../spool/segment-writer.js';
import { type FencedLog, type LogEntry, readLog, takeLog } from '../store/fenced-log.js';
import type { ObjectStore } from '../store/object-store.js';
import { openObjectStore } from '../store/open-store.js';
import type { S3Settings } from '../store/s3-store.js';
import { eachOf, fetchAll, removeBelow } from './fetch-objects.js';
import { type BatchState, enterState, isEnd, type JournalEntry, lastEntry } from './journal.js';
import { isRun } from './runner-lock.js';
import { type BatchSpec, batchFiles, isBatchId, targetOf, writeSpec } from './spec.js';

export interface Share {
  /** For people. */
  readonly where: string;
  /** The store itself. */
  readonly objects: ObjectStore;
  /** Throws StoreTrouble when nothing can be written there. */
  probe(): Promise<void>;
  of(batch: string): BatchShare;
  /** Brings home what is known of all batches, or those of a target: spec, journal, and what tells of ended ones. */
  pullAll(target?: string): Promise<void>;
  close(): void;
}

export interface BatchShare {
  /** The store, and where in it the batch stands: a prefix with its slash. */
  readonly objects: ObjectStore;
  readonly at: string;
  putSpec(spec: BatchSpec): Promise<void>;
  /**
   * Brings home what is known of the batch, unless a process of this home runs it. False when the store has no such batch.
   */
  pull(): Promise<boolean>;
  /** Takes the batch's record over, and brings all of it home. Throws LogLost. */
  take(who: string): Promise<BatchRecord>;
  putSegment(name: string, body: Buffer): Promise<void>;
  /** All segments of the batch, as files of its folder. */
  fetchSegments(): Promise<void>;
  /** A file of the batch's folder, by its path in it; none when it is not there. */
  putFile(name: string): Promise<void>;
  /** All those files, below a folder of the batch's folder. */
  fetchFiles(folder: string): Promise<void>;
  /** What tells of a batch that is about to end goes into the store. */
  tell(): Promise<void>;
  /** What its dataset was built from by partitions goes out of the store. */
  forgetPartitions(): Promise<void>;
  /** What rows are made of goes out of the store, or all of the batch. */
  remove(what: 'bulk' | 'all'): Promise<void>;
}

/** Held by whoever runs the batch. All throw LogLost when somebody else does, and StoreTrouble. */
export interface BatchRecord {
  entered(entry: JournalEntry): Promise<void>;
  /** NDJSON, as in the frontier. */
  foundPages(lines: Buffer): Promise<void>;
  /** The frontier is begun anew. */
  forgotPages(): Promise<void>;
  /** How far the delivery has come: its own journal. */
  deliveryCame(file: string): Promise<void>;
  /** What rows are made of is about to go. */
  cleaned(): Promise<void>;
}

/** What tells of a batch that has ended. */
const TELLING = ['report.json', 'timeline.ndjson', 'work/dead-letters.ndjson', 'work/quarantine.ndjson'];
/** The folders of a batch in the store that rows are made of, and all of them. */
const BULK = ['segments', 'files/artifacts', 'partitions'];
const ALL = [...BULK, 'files', 'log'];
const PULL_MS = 5_000;

/** Undefined without a place. */
export async function openShare(
  place: string | undefined,
  { home, s3 }: { home: string; s3: S3Settings },
): Promise<Share | undefined> {
  if (place === undefined) return undefined;
  const store = await openObjectStore(place, s3);
  const shares = new Map<string, BatchShare>();
  function of(batch: string): BatchShare {
    const share = shares.get(batch) ?? shareOf(store, home, batch);
    shares.set(batch, share);
    return share;
  }
  return {
    where: store.where,
    objects: store,
    probe: () => store.put('.thresh-probe', Buffer.from('')),
    of,
    async pullAll(target) {
      const all = (await store.folders('batches/')).filter(isBatchId);
      const batches = target === undefined ? all : all.filter((batch) => targetOf(batch) === target);
      await eachOf(batches, (batch) => of(batch).pull());
    },
    close: () => store.close(),
  };
}

/** Enters a state of a batch that nobody runs, for all machines. */
export async function enterForAll(
  share: Share | undefined,
  { home, batch }: { home: string; batch: string },
  state: JournalEntry['state'],
  more: Omit<JournalEntry, 'at' | 'state'>,
): Promise<JournalEntry> {
  const record = await share?.of(batch).take('a person');
  return enterState(batchFiles(home, batch).journal, state, more, async (entry) => record?.entered(entry));
}

/** Brings home what other machines make known, until it is closed. A store that is away is asked again. */
export function keepPulling(share: Share | undefined): { close(): Promise<void> } {
  if (share === undefined) return { close: async () => undefined };
  let pulling: Promise<void> | undefined;
  const timer = setInterval(() => {
    pulling ??= share
      .pullAll()
      .catch(() => undefined)
      .finally(() => {
        pulling = undefined;
      });
  }, PULL_MS).unref();
  return {
    async close() {
      clearInterval(timer);
      await pulling;
    },
  };
}

function shareOf(store: ObjectStore, home: string, batch: string): BatchShare {
  const at = `batches/${batch}/`;
  const log = `${at}log/`;
  const files = batchFiles(home, batch);

  async function bodiesOf(entries: readonly LogEntry[], kind: string): Promise<Buffer> {
    const wanted = entries.filter((entry) => entry.kind === kind);
    const bodies = await Promise.all(wanted.map(({ key }) => store.get(key)));
    return Buffer.concat(bodies.map((body) => body ?? Buffer.alloc(0)));
  }

  async function pullSpec(): Promise<boolean> {
    const text = await store.get(`${at}batch.json`);
    if (text === undefined) return false;
    const spec = JSON.parse(text.toString()) as BatchSpec;
    const own = await readFile(files.spec, 'utf8').catch(() => undefined);
    if (own === undefined || JSON.stringify(JSON.parse(own)) !== JSON.stringify(spec))
      await writeSpec(home, spec);
    return true;
  }

  /** The journal, as it counts. Returns the state that the batch is in. */
  async function bringJournal(entries: readonly LogEntry[]): Promise<BatchState | undefined> {
    await replace(files.journal, await bodiesOf(entries, 'journal'));
    if (entries.some(({ kind }) => kind === 'cleaned')) await replace(files.cleaned, Buffer.alloc(0));
    return (await lastEntry(files.journal))?.state;
  }

  async function putFile(name: string): Promise<void> {
    const body = await readFile(path.join(files.dir, name)).catch(() => undefined);
    if (body !== undefined) await store.put(`${at}files/${name}`, body);
  }

  return {
    objects: store,
    at,
    async putSpec(spec) {
      await store.put(`${at}batch.json`, Buffer.from(JSON.stringify(spec)));
    },
    async pull() {
      if (!(await pullSpec())) return false;
      const entries = await readLog(store, log);
      const last = entries.at(-1)?.key;
      const before = await readFile(files.pulled, 'utf8').catch(() => undefined);
      // Whoever runs it here knows better, and is in the midst of writing these files.
      if (last === undefined || last === before || (await isRun(files.runner))) return true;
      const state = await bringJournal(entries);
      if (state !== undefined && isEnd(state)) {
        await mkdir(files.work, { recursive: true });
        for (const name of TELLING) await store.download(`${at}files/${name}`, path.join(files.dir, name));
      }
      await replace(files.pulled, Buffer.from(last));
      return true;
    },
    async take(who) {
      await pullSpec();
      await mkdir(files.dir, { recursive: true });
      const taken = await takeLog(store, log, who);
      await bringJournal(taken.before);
      await bringFrontier(store, files.frontier, taken.before);
      const delivery = taken.before.findLast(({ kind }) => kind === 'delivery');
      if (delivery === undefined) await rm(files.delivery, { force: true });
      else await store.download(delivery.key, files.delivery);
      return recordOf(taken);
    },
    putSegment: (name, body) => store.put(`${at}segments/${name}`, body),
    fetchSegments: () => fetchAll(store, `${at}segments/`, files.segments),
    putFile,
    fetchFiles: (folder) => fetchAll(store, `${at}files/${folder}/`, path.join(files.dir, folder)),
    async tell() {
      for (const name of TELLING) await putFile(name);
    },
    forgetPartitions: () => removeBelow(store, `${at}partitions/`),
    async remove(what) {
      if (what === 'all') await store.remove(`${at}batch.json`); // first: without it nobody brings home the rest
      for (const { kind, key } of await readLog(store, log)) if (kind === 'pages') await store.remove(key);
      for (const folder of what === 'all' ? ALL : BULK) await removeBelow(store, `${at}${folder}/`);
    },
  };
}

/** What a page's failure left on disk is in the store before the page has its outcome. */
export function withArtifacts(segments: SegmentWriter, share: BatchShare): SegmentWriter {
  return {
    async append(group) {
      const { screenshot, html, trace } = group.page.failure ?? {};
      for (const kept of [screenshot, html, trace]) if (kept !== undefined) await share.putFile(kept);
      await segments.append(group);
    },
    close: () => segments.close(),
  };
}

function recordOf(log: FencedLog): BatchRecord {
  return {
    entered: (entry) => log.append('journal', `${JSON.stringify(entry)}\n`),
    foundPages: (lines) => log.append('pages', lines),
    forgotPages: () => log.append('no-pages', ''),
    async deliveryCame(file) {
      const journal = await readFile(file).catch(() => undefined); // a folder is its own journal
      if (journal === undefined) await log.assertOwn();
      else await log.append('delivery', journal);
    },
    cleaned: () => log.append('cleaned', ''),
  };
}

/** Only when it is not as long as it should be: a frontier of millions of pages is large, and only grows. */
async function bringFrontier(store: ObjectStore, file: string, entries: readonly LogEntry[]): Promise<void> {
  const begun = entries.findLastIndex(({ kind }) => kind === 'no-pages');
  const chunks = entries.slice(begun + 1).filter(({ kind }) => kind === 'pages');
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  const own = await stat(file).catch(() => undefined);
  if ((own?.size ?? 0) === bytes) return;
  const half = `${file}.tmp`;
  const handle = await open(half, 'w');
  try {
    for (const { key } of chunks) await handle.appendFile((await store.get(key)) ?? Buffer.alloc(0));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(half, file);
}

async function replace(file: string, body: Buffer): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, body);
  await rename(`${file}.tmp`, file);
}
