/** `thresh pause | resume | cancel BATCH`. */
import { steer } from '../batch/steer.js';
import type { Settings } from '../settings.js';
import { withRedis } from './embedded.js';
import { EXIT, type ExitCode } from './exit-codes.js';

const DONE = { pause: 'will pause', run: 'goes on', cancel: 'is being cancelled' } as const;

export async function steerBatch(
  batch: string,
  to: keyof typeof DONE,
  settings: Settings,
): Promise<ExitCode> {
  await withRedis(settings, (redis) => steer(settings.home, batch, to, redis));
  process.stderr.write(`${batch} ${DONE[to]}\n`);
  return EXIT.ok;
}
