import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * The longest that `work` kept the event loop to itself, ms of this process's CPU: a machine that is busy with something
 * else makes it no longer.
 */
export async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let ended = false;
  const working = work().finally(() => {
    ended = true;
  });
  for (let last = process.cpuUsage(); !ended; last = process.cpuUsage()) {
    await nextTurn();
    const { user, system } = process.cpuUsage(last);
    longestMs = Math.max(longestMs, (user + system) / 1_000);
  }
  await working;
  return longestMs;
}
