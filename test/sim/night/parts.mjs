// @ts-check
/** Modules of the farm as it was built. */
import path from 'node:path';

const built = path.resolve(import.meta.dirname, '../../../dist/src');

/** @type {<T>(name: string) => Promise<T>} */
const part = (name) => import(path.join(built, name));

/** @type {() => Promise<typeof import('../../../src/schedule/nights.js')>} */
export const nightsPart = () => part('schedule/nights.js');
/** @type {() => Promise<typeof import('../../../src/schedule/schedules.js')>} */
export const schedulesPart = () => part('schedule/schedules.js');
/** @type {() => Promise<typeof import('../../../src/queue/redis.js')>} */
export const redisPart = () => part('queue/redis.js');
/** @type {() => Promise<typeof import('../../../src/queue/keys.js')>} */
export const keysPart = () => part('queue/keys.js');
/** @type {() => Promise<typeof import('../../../src/batch/spec.js')>} */
export const specPart = () => part('batch/spec.js');
