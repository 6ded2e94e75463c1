/** What keeps a batch from going on and passes by itself, or by somebody's hand elsewhere: it is waited for. */
import path from 'node:path';
import { isThreshError, reasonOf } from '../errors.js';
import { isRedisTrouble } from '../queue/trouble.js';
import { StoreTrouble } from '../store/object-store.js';

export interface Setback {
  /** What is in the way: of one kind one line is enough. */
  kind: 'disk' | 'redis' | 'proxies' | 'store';
  /** For a person. */
  reason: string;
}

const DISK = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);
/** Of the batch's own folder, which could be written when the batch was made. */
const RIGHTS = new Set(['EACCES', 'EPERM']);
/** DuckDB has no codes: the errno's words, and what it says when the disk cannot hold what it spills. */
const DISK_WORDS =
  /no space left on device|disk quota exceeded|read-only file system|max_temp_directory_size/i;

/** Undefined for a failure that waiting does not mend. `dir`: the batch's folder. */
export function setbackOf(error: unknown, dir: string): Setback | undefined {
  if (isRedisTrouble(error)) return { kind: 'redis', reason: `Redis: ${reasonOf(error)}` };
  if (isThreshError(error) && error.code === 'REDIS_UNAVAILABLE')
    return { kind: 'redis', reason: reasonOf(error) };
  if (error instanceof StoreTrouble) return { kind: 'store', reason: reasonOf(error) };
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code = '', path: file = '' } = cause as NodeJS.ErrnoException;
    const isRefused = RIGHTS.has(code) && file.startsWith(dir + path.sep);
    if (isRefused || DISK.has(code) || DISK_WORDS.test(cause.message))
      return { kind: 'disk', reason: placed(reasonOf(error), dir) };
  }
  return undefined;
}

/** An errno of an open file names none. */
function placed(reason: string, dir: string): string {
  return reason.includes(path.sep) ? reason : `${dir}: ${reason}`;
}
