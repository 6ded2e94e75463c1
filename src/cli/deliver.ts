/** `thresh deliver BATCH --force`: releases a held batch. */
import { release, standingOf } from '../batch/steer.js';
import { ThreshError } from '../errors.js';
import type { Settings } from '../settings.js';
import { carryBatch } from './carry-batch.js';
import type { ExitCode } from './exit-codes.js';
import { bringHome, withShare } from './share.js';

export async function deliver(
  batch: string,
  options: { force?: boolean; json?: boolean },
  settings: Settings,
): Promise<ExitCode> {
  await bringHome(settings, batch);
  const { state, reason } = await standingOf(settings.home, batch);
  if (state === 'held' && options.force !== true) {
    throw new ThreshError(`${batch} is held: ${reason ?? 'the gate did not pass it'}`, {
      code: 'USAGE',
      scope: 'batch',
      mend: 'look at its report; --force delivers it all the same',
    });
  }
  const { spec } = await withShare(settings, (share) => release(settings.home, batch, share));
  return carryBatch(
    {
      open: async () => ({ spec, resumedFrom: 'delivering' }),
      ...{ concurrency: 1, beginAt: 1, json: options.json === true },
    },
    settings,
  );
}
