// @ts-check
/** One week in a thread: the fake `Date` is the thread's alone. */
import { parentPort, workerData } from 'node:worker_threads';
import { simulateWeek } from './simulate.mjs';

parentPort?.postMessage(await simulateWeek(workerData));
