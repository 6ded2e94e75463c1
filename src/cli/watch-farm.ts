/** `thresh status --watch`: the whole farm, live on a terminal; elsewhere, or with --json, a JSON document a second. */
import { setTimeout as delay } from 'node:timers/promises';
import { createLogUpdate } from 'log-update';
import { type FarmLook, openFarmEye } from '../batch/farm-look.js';
import type { RedisHandle } from '../queue/redis.js';
import type { Settings } from '../settings.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { farmPage } from './farm-page.js';
import { onStopSignals } from './stop-signals.js';

const LOOK_MS = 1_000;

/** Until Ctrl-C, or until nobody reads any more. */
export async function watchFarm(
  { json }: { json?: boolean },
  settings: Settings,
  redis: RedisHandle,
): Promise<ExitCode> {
  const { stdout } = process;
  const screen = json === true || !stdout.isTTY ? undefined : createLogUpdate(stdout);
  const signals = onStopSignals({ first: () => undefined, second: () => undefined });
  const unread = new AbortController();
  stdout.on('error', () => unread.abort()); // `| head -1`
  const signal = AbortSignal.any([signals.stopped, unread.signal]);
  const eye = openFarmEye(settings.home, redis);
  let latest: FarmLook | undefined;
  let looking: Promise<void> | undefined;
  let failure: unknown;

  /** Redis may go away in the midst of it; the screen goes on, and says of when it is. */
  function look(): Promise<void> {
    looking ??= eye
      .look()
      .then((found) => {
        latest = found;
        if (screen === undefined) stdout.write(`${JSON.stringify(found)}\n`);
      })
      .catch((error: unknown) => {
        if (latest === undefined) failure = error;
      })
      .finally(() => {
        looking = undefined;
      });
    return looking;
  }

  function draw(): void {
    if (screen === undefined || latest === undefined) return;
    // The last column stays free: some terminals wrap as soon as it is filled; and so does the last row.
    const width = Math.max(1, (stdout.columns ?? 80) - 1);
    const height = Math.max(1, (stdout.rows ?? 24) - 1);
    screen(farmPage(latest, { width, height, unicode: settings.unicode, now: Date.now() }).join('\n'));
  }

  try {
    while (!signal.aborted && failure === undefined) {
      const pause = delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
      await Promise.race([look(), pause]);
      draw();
      await pause;
    }
    if (failure !== undefined) throw failure;
    return EXIT.ok;
  } finally {
    screen?.done();
    signals.release();
    await eye.close();
  }
}
