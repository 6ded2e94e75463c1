/** What Redis says, or ioredis for it, when a command could not be done now and may be later. */
const REPLIES = /^(MISCONF|LOADING|READONLY|OOM|BUSY|MASTERDOWN|TRYAGAIN|CLUSTERDOWN)\b/;
const LINK = /^(Command aborted due to connection close|Connection is closed\.?|Stream isn't writeable)/;
const CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** True for trouble of Redis itself: away, loading, or refusing to write because its disk or memory is full. */
export function isRedisTrouble(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error.name === 'ReplyError') return REPLIES.test(error.message);
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (LINK.test(error.message) || error.name === 'MaxRetriesPerRequestError') return true;
  return code !== undefined && CODES.has(code) && ['connect', 'read', 'write'].includes(syscall ?? '');
}
