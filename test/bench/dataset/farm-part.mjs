// @ts-check
/** Modules of the farm as it was built. */
import path from 'node:path';

const built = path.resolve(import.meta.dirname, '../../../dist/src');

/** @type {<T>(name: string) => Promise<T>} */
const part = (name) => import(path.join(built, name));

/** @type {() => Promise<typeof import('../../../src/batch/aggregating.js')>} */
export const aggregatingPart = () => part('batch/aggregating.js');
/** @type {() => Promise<typeof import('../../../src/dataset/columns.js')>} */
export const columnsPart = () => part('dataset/columns.js');
/** @type {() => Promise<typeof import('../../../src/dataset/encode.js')>} */
export const encodePart = () => part('dataset/encode.js');
/** @type {() => Promise<typeof import('../../../src/spool/segment-writer.js')>} */
export const segmentWriterPart = () => part('spool/segment-writer.js');
