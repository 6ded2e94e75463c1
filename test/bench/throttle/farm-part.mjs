// @ts-check
/** Modules of the farm as it was built: what the benchmark puts together itself, or looks with. */
import path from 'node:path';

const built = path.resolve(import.meta.dirname, '../../../dist/src');

/** @type {<T>(name: string) => Promise<T>} */
const part = (name) => import(path.join(built, name));

/** @type {() => Promise<typeof import('../../../src/batch/farm.js')>} */
export const farmPart = () => part('batch/farm.js');
/** @type {() => Promise<typeof import('../../../src/batch/open-batch.js')>} */
export const openBatchPart = () => part('batch/open-batch.js');
/** @type {() => Promise<typeof import('../../../src/batch/context.js')>} */
export const contextPart = () => part('batch/context.js');
/** @type {() => Promise<typeof import('../../../src/queue/redis.js')>} */
export const redisPart = () => part('queue/redis.js');
/** @type {() => Promise<typeof import('../../../src/queue/queues.js')>} */
export const queuesPart = () => part('queue/queues.js');
/** @type {() => Promise<typeof import('../../../src/queue/batch-board.js')>} */
export const batchBoardPart = () => part('queue/batch-board.js');
/** @type {() => Promise<typeof import('../../../src/queue/page-ledger.js')>} */
export const pageLedgerPart = () => part('queue/page-ledger.js');
/** @type {() => Promise<typeof import('../../../src/queue/worker-board.js')>} */
export const workerBoardPart = () => part('queue/worker-board.js');

/** The `thresh` command. */
export const command = path.join(built, 'cli/main.js');
