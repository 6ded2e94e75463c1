/** `thresh serve`: the dashboard, the HTTP API, `/metrics` and the queue board, until stopped. */
import { openShare } from '../batch/share.js';
import { ThreshError } from '../errors.js';
import { openRedis } from '../queue/redis.js';
import { isLoopback } from '../server/access.js';
import { createApp } from '../server/app.js';
import { createFarmView } from '../server/farm-view.js';
import type { Settings } from '../settings.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { outFolder } from './run.js';
import { onStopSignals } from './stop-signals.js';

export interface ServeOptions {
  port?: number;
  host?: string;
}

const PORT = 9320;
const LEAST_TOKEN = 16;

/** Throws USAGE when the port is taken, or when it is to listen to others without a token. */
export async function serve(
  { port = PORT, host = '127.0.0.1' }: ServeOptions,
  settings: Settings,
): Promise<ExitCode> {
  const { token } = settings;
  if (!isLoopback(host) && token === undefined) {
    throw new ThreshError(`on ${host} others can ask, and there is no token`, {
      code: 'USAGE',
      scope: 'batch',
      mend: 'set THRESH_TOKEN, or leave --host out to listen on this machine alone',
    });
  }
  if (token !== undefined && token.length < LEAST_TOKEN) {
    throw new ThreshError(`THRESH_TOKEN has less than ${LEAST_TOKEN} characters`, {
      code: 'USAGE',
      scope: 'batch',
      mend: 'openssl rand -hex 32 makes a good one',
    });
  }
  const share = await openShare(settings.store, settings);
  const redis = await openRedis({ home: settings.home, redisUrl: settings.redisUrl });
  const farm = createFarmView({
    home: settings.home,
    targetsDir: settings.targets,
    redis,
    s3: settings.s3,
    share,
    outOf: (deliverTo) => outFolder(undefined, deliverTo, settings),
  });
  const app = await createApp({ farm, token, redis, targetsDir: settings.targets });
  await farm.warmUp();
  try {
    const url = await app.listen({ port, host }).catch((cause: unknown) => {
      throw new ThreshError(`port ${port} on ${host} cannot be listened on`, {
        code: 'USAGE',
        scope: 'batch',
        mend: 'choose another --port',
        cause,
      });
    });
    process.stderr.write(`thresh: serving ${url}  (dashboard; /queues, /openapi.json, /metrics)\n`);
    const signals = onStopSignals({ first: () => undefined, second: () => undefined });
    await new Promise<void>((resolve) =>
      signals.stopped.addEventListener('abort', () => resolve(), { once: true }),
    );
    signals.release();
    return EXIT.ok;
  } finally {
    await app.close();
    await farm.close();
    await redis.close();
    share?.close();
  }
}
