/** What the states of a batch work with. */

import type { Queue } from 'bullmq';
import type { Column } from '../dataset/column.js';
import type { Destination } from '../delivery/contract.js';
import type { PageLane } from '../page/proofs.js';
import type { StartGate } from '../page/start-gate.js';
import type { BatchBoard } from '../queue/batch-board.js';
import type { LookAtFetching } from '../queue/fetch-look.js';
import type { PageLedger } from '../queue/page-ledger.js';
import type { PartitionJob } from '../queue/queues.js';
import type { TargetBoard } from '../queue/target-board.js';
import type { WorkerStanding } from '../queue/worker-board.js';
import type { SegmentWriter } from '../spool/segment-writer.js';
import type { S3Settings } from '../store/s3-store.js';
import type { LoadedTarget } from '../target/load.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import type { OnBatchEvent } from './events.js';
import type { Hindrance, Wait } from './hindrance.js';
import type { BatchState } from './journal.js';
import type { BatchRecord, BatchShare } from './share.js';
import type { BatchSoftBook } from './soft-book.js';
import type { BatchFiles, BatchSpec } from './spec.js';

export interface MachineDeps {
  home: string;
  spec: BatchSpec;
  target: LoadedTarget<Column[]>;
  columns: Column[];
  /** What its browsers call themselves. */
  userAgent: string;
  engine: 'duckdb' | 'parquetjs';
  s3: S3Settings;
  /** The target's page queue. */
  queue: Queue;
  partitionQueue: Queue<PartitionJob> | undefined;
  /** MB of segments that a partition of a large dataset takes; 0: each is built in one piece. */
  partitionMb: number;
  ledger: PageLedger;
  board: BatchBoard;
  look: LookAtFetching;
  targetBoard: TargetBoard;
  /** Names this process's part in the batch. */
  who: string;
  /** The farm's, as of a moment ago. */
  workers: () => Promise<WorkerStanding[]>;
  /** Of this process, for the target. */
  gate: StartGate;
  segments: SegmentWriter;
  softBook: BatchSoftBook;
  carryBook: BatchSoftBook;
  lane: PageLane | undefined;
  hindrance: Hindrance;
  /** The batch in the farm's store; undefined when all of the farm is on one machine. */
  share: BatchShare | undefined;
  /** That whose pages are its own, there. */
  sourceShare: BatchShare | undefined;
  onEvent: OnBatchEvent;
  onSnapshot: (snapshot: BatchSnapshot) => void;
  /** Aborts when this process stops; the batch stays as it is, for whoever takes it over. */
  signal: AbortSignal;
}

export interface Running extends MachineDeps {
  /** Held while the batch is run here. */
  record: BatchRecord | undefined;
  files: BatchFiles;
  destination: Destination;
  /** The state machine's own. */
  wait: Wait;
}

/** Where a state leads, and why when it is not the plain way on. */
export interface Next {
  to: BatchState;
  reason?: string;
  /** Pages that discovery found. */
  discovered?: number;
}
