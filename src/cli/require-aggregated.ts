import { access } from 'node:fs/promises';
import { workFiles } from '../batch/aggregating.js';
import type { BatchFiles } from '../batch/spec.js';
import type { BatchStanding } from '../batch/steer.js';
import { ThreshError } from '../errors.js';

/** Dead letters and quarantine are listed when the segments have been settled. Throws USAGE before that. */
export async function requireAggregated({ spec, state }: BatchStanding, files: BatchFiles): Promise<void> {
  const there = await access(workFiles(files).dead).then(
    () => true,
    () => false,
  );
  if (there) return;
  throw new ThreshError(
    `batch ${spec.id} is ${state}: its dead letters and refused rows are listed once it was aggregated`,
    {
      code: 'USAGE',
      scope: 'batch',
      mend: '`thresh status` shows how many there are so far',
    },
  );
}
