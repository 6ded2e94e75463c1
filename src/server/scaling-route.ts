/** `/api/scaling`: how many workers the farm wants, for whatever starts and stops them. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { freshFor } from '../batch/fresh-for.js';
import { lookForWorkers } from '../batch/scaling.js';
import { ThreshError } from '../errors.js';
import { openBatchQueue } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import { readStanding } from '../schedule/schedules.js';
import * as schemas from './schemas.js';

/** A machine that has to be started first is there when the night begins. */
const AHEAD_MS = 120_000;
const SCHEDULES_MOMENT_MS = 5_000;

export function addScalingRoute(bare: FastifyInstance, { redis }: { redis: RedisHandle }): void {
  const app = bare.withTypeProvider<ZodTypeProvider>();
  const batches = openBatchQueue(redis);
  const schedules = freshFor(SCHEDULES_MOMENT_MS, () => readStanding(redis));
  app.get(
    '/api/scaling',
    {
      schema: {
        summary: 'Workers that are wanted now',
        description: "For KEDA's metrics-api scaler and the like: `workers` is the number to have.",
        querystring: schemas.scalingAsked,
        response: { 200: schemas.scaling, 400: schemas.problem, 503: schemas.problem },
      },
    },
    async ({ query: { target } }) => {
      // Whoever asks has a number to fall back on, and would wait for this one as long as Redis is away.
      if (redis.client.status !== 'ready')
        throw new ThreshError('Redis is away', { code: 'REDIS_UNAVAILABLE', scope: 'batch', retry: 'later' });
      const soonMs = Date.now() + AHEAD_MS;
      const due = (await schedules()).filter(({ nextMs = Number.POSITIVE_INFINITY }) => nextMs <= soonMs);
      return lookForWorkers({
        client: redis.client,
        batches,
        due: due.map((one) => one.target),
        target,
      });
    },
  );
  app.addHook('onClose', async () => {
    await batches.close();
  });
}
