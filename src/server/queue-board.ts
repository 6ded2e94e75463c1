/**
 * `/queues`: Bull Board, to look at. Its buttons are off: a job that is taken away behind the farm's back is a page that is
 * missed, and what can be done to a batch its own page does.
 */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Queue } from 'bullmq';
import type { FastifyInstance } from 'fastify';
import { openAlertQueue, openBatchQueue, openNightQueue, openPageQueue } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import { repeatStrategy } from '../schedule/schedules.js';
import { listTargets } from '../target/find.js';

export const QUEUES = '/queues';

/** Its own script and style; the font that it asks another site for it does without. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

/** The targets' queues are those of the folder when it begins. */
export async function addQueueBoard(
  app: FastifyInstance,
  { redis, targetsDir }: { redis: RedisHandle; targetsDir: string },
): Promise<void> {
  const targets = await listTargets(targetsDir);
  const queues: Queue[] = [
    openBatchQueue(redis),
    openNightQueue(redis, repeatStrategy),
    openAlertQueue(redis),
    ...targets.map(({ name }) => openPageQueue(redis, name)),
  ];
  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(QUEUES);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Thresh: queues' } },
  });
  await app.register(
    async (board) => {
      board.addHook('onRequest', async (_request, reply) => {
        reply.header('content-security-policy', POLICY);
      });
      await board.register(serverAdapter.registerPlugin());
    },
    { prefix: QUEUES },
  );
  app.addHook('onClose', async () => {
    await Promise.all(queues.map((queue) => queue.close()));
  });
}
