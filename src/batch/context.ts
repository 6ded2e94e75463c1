/** What a process needs of one batch to work on it: its spec, its target's code, its way to Redis and to disk. */
import { hostname } from 'node:os';
import type { Queue } from 'bullmq';
import type { BrowserPool } from '../../browser-pool/index.js';
import { checkColumns } from '../dataset/check.js';
import type { Column } from '../dataset/column.js';
import { encodeRow } from '../dataset/encode.js';
import { createRobots } from '../discovery/robots.js';
import { ThreshError } from '../errors.js';
import { createFetchLane } from '../page/fetch/fetch-lane.js';
import { createRevisitLane } from '../page/fetch/revisit-lane.js';
import { createWire } from '../page/fetch/wire.js';
import { createKeptLane } from '../page/kept-lane.js';
import { createLeanLane } from '../page/lean-lane.js';
import { createProofs, type PageLane, type Proofs } from '../page/proofs.js';
import { createProxies } from '../page/proxies/proxies.js';
import { type CompletedPage, leaseSpecOf } from '../page/render.js';
import { createSessions, type Sessions } from '../page/sessions.js';
import { createSoftLane } from '../page/soft-lane.js';
import type { EncodeRow } from '../page/validate.js';
import { type BatchBoard, createBatchBoard } from '../queue/batch-board.js';
import { createFetchLook, type LookAtFetching } from '../queue/fetch-look.js';
import { createPageLedger, type PageLedger } from '../queue/page-ledger.js';
import { openPageQueue, openPartitionQueue, type PartitionJob } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import type { TargetBoard } from '../queue/target-board.js';
import { createWorkerBoard, type WorkerStanding } from '../queue/worker-board.js';
import { createObjectWriter } from '../spool/object-writer.js';
import type { KeptPage } from '../spool/record.js';
import { createSegmentWriter, type SegmentWriter } from '../spool/segment-writer.js';
import { type LoadedTarget, loadTarget } from '../target/load.js';
import { createBlockFile } from './block-file.js';
import type { OnBatchEvent } from './events.js';
import { freshFor } from './fresh-for.js';
import { createHindrance, type Hindrance, patientSegments, patientSessions } from './hindrance.js';
import { followJournal } from './journal.js';
import { openKept, patientKeeper } from './kept.js';
import { createLaneFile } from './lane-file.js';
import { type BatchShare, type Share, withArtifacts } from './share.js';
import { type BatchSoftBook, createSoftBook } from './soft-book.js';
import { type BatchFiles, type BatchSpec, batchFiles, laneOf, readSpec } from './spec.js';

export interface BatchContext {
  spec: BatchSpec;
  files: BatchFiles;
  target: LoadedTarget<Column[]>;
  columns: Column[];
  encode: EncodeRow;
  /** Which wait for a proxy. */
  sessions: Sessions;
  /** What its browsers call themselves. */
  userAgent: string;
  ledger: PageLedger;
  board: BatchBoard;
  look: LookAtFetching;
  targetBoard: TargetBoard;
  /** Names this process's part in the batch among all that work on it. */
  who: string;
  /** The farm's, as of a moment ago. */
  workers: () => Promise<WorkerStanding[]>;
  /** Whose appends wait for the disk. */
  segments: SegmentWriter;
  softBook: BatchSoftBook;
  /** Of pages that are carried over from an earlier batch. */
  carryBook: BatchSoftBook;
  proofs: Proofs;
  /** By short cuts, where the target asks for them; undefined: every page is loaded. */
  lane: PageLane | undefined;
  /** Keeps what a page's rows come from; undefined: the target wants nothing kept. */
  keep: ((page: CompletedPage) => Promise<KeptPage | undefined>) | undefined;
  /** Its pages are read from what another batch kept of them. */
  isOffline: boolean;
  hindrance: Hindrance;
  /** The state that the batch was in a moment ago. */
  standing: () => Promise<string | undefined>;
  /** The batch in the farm's store; undefined when all of the farm is on one machine. */
  share: BatchShare | undefined;
  /** That whose pages are its own, there. */
  sourceShare: BatchShare | undefined;
  queue: Queue;
  /** Of the jobs by which its dataset is built when that is large; where there is a store to build it from. */
  partitionQueue: Queue<PartitionJob> | undefined;
  close(): Promise<void>;
}

export interface ContextOptions {
  redis: RedisHandle;
  pool: BrowserPool;
  /** This process's own, of a target. */
  boardOf: (target: string) => TargetBoard;
  /** The store of a farm of several machines. */
  share: Share | undefined;
  /** Where targets are looked up by name: on another machine a target's file lies elsewhere. */
  targetsDir: string;
  onEvent: OnBatchEvent;
  /** Aborts when no more work is to be taken. */
  stopping: AbortSignal;
  /** Aborts when pages in flight are to be given back. */
  signal: AbortSignal;
}

/** Asked at every page, so that a thousand a second need not ask the disk each. */
const MOMENT_MS = 250;
/** They tell of themselves about once a second. */
const WORKERS_MOMENT_MS = 1_000;

/** The target's code on this machine is not that with which the batch was begun. */
export class OtherCode extends Error {}

/** Throws TARGET_INVALID when the target's file is gone or wrong, OtherCode when it is another one than elsewhere. */
export async function openContext(
  batch: string,
  home: string,
  { redis, pool, boardOf, share: farm, targetsDir, onEvent, stopping, signal }: ContextOptions,
): Promise<BatchContext> {
  const share = farm?.of(batch);
  await share?.pull();
  const spec = await readSpec(home, batch);
  if (spec === undefined) {
    throw new ThreshError(`no batch ${batch} under ${home}`, {
      code: 'USAGE',
      scope: 'batch',
      mend: 'see `thresh status`',
    });
  }
  const target = share === undefined ? await loadChecked(spec.targetFile) : await sameCode(spec, targetsDir);
  const columns = target.columns ?? [];
  const files = batchFiles(home, batch);
  const queue = openPageQueue(redis, laneOf(spec));
  const partitionQueue = share && openPartitionQueue(redis, laneOf(spec));
  const writer = writerName();
  const board = createBatchBoard(redis.client, batch);
  const ledger = createPageLedger(redis.client, batch);
  const hindrance = createHindrance({ batch, dir: files.dir, who: writer, board, onEvent });
  const segments =
    share === undefined
      ? createSegmentWriter({ dir: files.segments, writer })
      : withArtifacts(createObjectWriter({ put: share.putSegment, writer }), share);
  const softBook = createSoftBook({
    file: files.soft,
    patiently: (work) => hindrance.outwait(work, { signal }),
  });
  const carryBook = createSoftBook({
    file: files.carried,
    patiently: (work) => hindrance.outwait(work, { signal }),
  });
  const { proxies, navigate, learnsBlock, lane, key, incremental } = target.definition;
  const shortCuts = share === undefined; // what is known of them stands in files that its processes share
  const proofs = createProofs({ batch, book: softBook });
  const cutting = { batch, book: softBook, proofs, who: writer };
  const softly = navigate === 'soft' ? createSoftLane({ ...cutting, key }) : undefined;
  const wire = createWire();
  const userAgent = target.definition.browser.userAgent ?? (await pool.userAgent());
  const robots = createRobots({ mode: target.definition.robots, userAgent, file: files.robots, signal });
  const content = openKept(home, farm, spec.target);
  const keptLane =
    spec.reextractOf === undefined
      ? undefined
      : createKeptLane({ batch: spec.reextractOf, get: content.get });
  const sessions = createSessions({
    target: target.definition,
    pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies:
      proxies === undefined
        ? undefined
        : createProxies({ given: proxies, onEvent: (event) => onEvent({ ...event, batch }) }),
  });
  const remembered = { target: spec.target, hash: target.hash, batch };
  const shortCut =
    lane === 'auto'
      ? createFetchLane({
          ...cutting,
          memory: createLaneFile(home, remembered),
          wire,
          mayAsk: robots.allowed,
          onEvent,
        })
      : learnsBlock
        ? createLeanLane({ ...cutting, memory: createBlockFile(home, remembered), softly, onEvent })
        : softly;
  const revisiting = (others: PageLane | undefined): PageLane | undefined =>
    incremental?.by.includes('document')
      ? createRevisitLane({ batch, book: carryBook, wire, sample: incremental.sample, others })
      : others;
  return {
    spec,
    files,
    target,
    columns,
    encode: (row) => encodeRow(columns, row),
    sessions: patientSessions(sessions, hindrance, stopping),
    userAgent,
    ledger,
    board,
    look: createFetchLook(redis.client, batch, { queue, ledger }),
    targetBoard: boardOf(laneOf(spec)),
    who: writer,
    workers: freshFor(WORKERS_MOMENT_MS, createWorkerBoard(redis.client).standing),
    softBook,
    carryBook,
    proofs,
    keep: target.definition.keep === 'none' ? undefined : patientKeeper(spec, content, { hindrance, signal }),
    isOffline: keptLane !== undefined,
    lane: keptLane ?? (shortCuts ? revisiting(shortCut) : undefined),
    segments: patientSegments(segments, hindrance, signal),
    hindrance,
    standing: freshFor(MOMENT_MS, share === undefined ? stateIn(files.journal) : board.state),
    share,
    sourceShare: spec.reextractOf === undefined ? undefined : farm?.of(spec.reextractOf),
    queue,
    partitionQueue,
    async close() {
      hindrance.close();
      await keptLane?.close();
      await sessions.close();
      await segments.close();
      await wire.close();
      await queue.close();
      await partitionQueue?.close();
    },
  };
}

function stateIn(journal: string): () => Promise<string | undefined> {
  const follow = followJournal(journal);
  return async () => (await follow())?.state;
}

/** Where the batch was begun its file is the one; elsewhere it is the target of that name. */
async function sameCode(spec: BatchSpec, targetsDir: string): Promise<LoadedTarget<Column[]>> {
  const found: string[] = [];
  for (const ref of [spec.targetFile, spec.target]) {
    const target = await loadChecked(ref, targetsDir).catch(() => undefined);
    if (target?.hash === spec.targetHash) return target;
    if (target !== undefined) found.push(`${target.file} has ${target.hash.slice(0, 12)}`);
  }
  const here = found.length === 0 ? `no target ${spec.target} in ${targetsDir}` : found.join(', ');
  throw new OtherCode(`it was begun with code ${spec.targetHash.slice(0, 12)}; here: ${here}`);
}

/** A target with its schema checked against what Parquet holds. */
export function loadChecked(ref: string, targetsDir?: string): Promise<LoadedTarget<Column[]>> {
  return loadTarget<Column[]>(ref, {
    checkSchema: checkColumns,
    ...(targetsDir === undefined ? {} : { targetsDir }),
  });
}

let writers = 0;

/** Unique among all writers of a farm, on whatever host: two processes never share a segment. */
export function writerName(): string {
  const host =
    hostname()
      .replace(/[^a-zA-Z0-9-]/g, '')
      .slice(0, 30) || 'host';
  return `${host}-${process.pid}-${Date.now().toString(36)}-${writers++}`;
}
