/** A job that this process was given and another one, or this one later, is to do. */
import { DelayedError, type Job } from 'bullmq';

/** Puts it back for `afterMs`. Never returns: BullMQ wants to be told by an error. */
export async function giveBack(job: Job, token: string | undefined, afterMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + afterMs, token);
  throw new DelayedError();
}
