/** `thresh pause | resume | cancel BATCH`. */
import { steer } from '../batch/steer.js';
import type { Settings } from '../settings.js';
import { withRedis } from './embedded.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { withShare } from './share.js';

const DONE = { pause: 'will pause', run: 'goes on', cancel: 'is being cancelled' } as const;

export async function steerBatch(
  batch: string,
  to: keyof typeof DONE,
  settings: Settings,
): Promise<ExitCode> {
  await withShare(settings, (share) =>
    withRedis(settings, (redis) => steer(settings.home, batch, to, redis, share)),
  );
  process.stderr.write(`${batch} ${DONE[to]}\n`);
  return EXIT.ok;
}
