/** What a person asks of a batch: pause, resume, cancel, release, try the dead letters again. */
import { ThreshError } from '../errors.js';
import { createBatchBoard } from '../queue/batch-board.js';
import { openBatchQueue } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import { requirePages } from './clean.js';
import { type BatchState, isEnd, lastEntry } from './journal.js';
import { enterForAll, type Share } from './share.js';
import { type BatchSpec, batchFiles, isBatchId, readSpec } from './spec.js';

export interface BatchStanding {
  spec: BatchSpec;
  state: BatchState;
  reason: string | undefined;
}

/** Throws USAGE when there is no such batch. */
export async function standingOf(home: string, batch: string, share?: Share): Promise<BatchStanding> {
  if (isBatchId(batch)) await share?.of(batch).pull();
  const spec = await readSpec(home, batch);
  if (spec === undefined) {
    throw new ThreshError(`there is no batch "${batch}"`, {
      code: 'USAGE',
      scope: 'batch',
      mend: '`thresh status` lists the batches of this THRESH_HOME',
    });
  }
  const entry = await lastEntry(batchFiles(home, batch).journal);
  return { spec, state: entry?.state ?? 'discovering', reason: entry?.reason };
}

/** Pauses, resumes or cancels a batch that has not ended. Throws USAGE when it has. */
export async function steer(
  home: string,
  batch: string,
  to: 'pause' | 'run' | 'cancel',
  redis: RedisHandle,
  share?: Share,
): Promise<void> {
  const { state } = await standingOf(home, batch, share);
  if (isEnd(state)) throw ended(batch, state);
  if (state !== 'fetching' && to !== 'cancel') {
    throw usage(`batch ${batch} is ${state}`, 'only a batch that is fetching can be paused and resumed');
  }
  await createBatchBoard(redis.client, batch).setControl(to);
  if (to === 'cancel' && !(await isWorkedOn(batch, redis))) {
    const now = (await standingOf(home, batch, share)).state;
    if (now === 'cancelled') return; // its runner has heard of it, and is done
    if (isEnd(now)) throw ended(batch, now);
    if (now === 'delivering')
      throw usage(
        `batch ${batch} is delivering, and its process is gone`,
        'what is half delivered is only rolled forward: run the target again for that date, or start a worker',
      );
    const { journal } = batchFiles(home, batch);
    const one = { home, batch };
    if ((await lastEntry(journal)) === undefined) await enterForAll(share, one, 'discovering', {}); // nobody has begun it
    await enterForAll(share, one, 'cancelled', { reason: 'asked for' });
    await createBatchBoard(redis.client, batch).close();
  }
}

/** From held to delivering, whatever the gate said. The batch then has to be run. Throws USAGE when it is not held. */
export async function release(home: string, batch: string, share?: Share): Promise<BatchStanding> {
  const standing = await standingOf(home, batch, share);
  if (standing.state !== 'held')
    throw usage(`batch ${batch} is not held but ${standing.state}`, 'only a held batch can be released');
  await enterForAll(share, { home, batch }, 'delivering', { reason: 'released by --force' });
  return standing;
}

/** Puts the dead letters of an ended batch back into it. The batch then has to be run. */
export async function retryDead(home: string, batch: string, share?: Share): Promise<BatchStanding> {
  const standing = await standingOf(home, batch, share);
  if (!isEnd(standing.state) || standing.state === 'cancelled') {
    throw usage(`batch ${batch} is ${standing.state}`, 'dead letters are put back when the batch has ended');
  }
  await requirePages(standing.spec, batchFiles(home, batch));
  const why = { reason: 'dead letters put back', retriesDead: true } as const;
  await enterForAll(share, { home, batch }, 'fetching', why);
  return standing;
}

async function isWorkedOn(batch: string, redis: RedisHandle): Promise<boolean> {
  const queue = openBatchQueue(redis);
  try {
    return (await (await queue.getJob(batch))?.isActive()) === true;
  } finally {
    await queue.close();
  }
}

function ended(batch: string, state: BatchState): ThreshError {
  return usage(`batch ${batch} has ended: ${state}`, 'only a running batch can be steered');
}

function usage(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
