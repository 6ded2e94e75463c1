/** A thread that collects one part (collect-by-threads.ts). */
import { parentPort, workerData } from 'node:worker_threads';
import { type CollectPart, collect } from './collect.js';

const collected = await collect(workerData as CollectPart);
parentPort?.postMessage(collected, [collected.pages.buffer]);
