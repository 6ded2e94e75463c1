/** The farm as a whole: its nights, what runs now, `/metrics`. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { streamEvents } from './event-stream.js';
import type { FarmView } from './farm-view.js';
import { metricsOf } from './metrics.js';
import * as schemas from './schemas.js';

export function addFarmRoutes(bare: FastifyInstance, farm: FarmView): void {
  const app = bare.withTypeProvider<ZodTypeProvider>();
  app.get(
    '/api/nights',
    {
      schema: {
        summary: 'The last nights by target',
        querystring: schemas.nightsAsked,
        response: { 200: schemas.nights },
      },
    },
    async ({ query: { days } }) => farm.nights(days),
  );
  app.get('/api/farm', { schema: { summary: 'What runs now', response: { 200: schemas.farm } } }, async () =>
    farm.farm(),
  );
  app.get(
    '/api/farm/events',
    {
      schema: {
        summary: 'The same as server-sent events',
        description: 'An event `farm` whenever something changed, at most once a second; its data as of GET.',
      },
    },
    async (request, reply) =>
      streamEvents(request, reply, { event: 'farm', look: farm.farm, isLast: () => false }),
  );
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const { type, text } = await metricsOf(await farm.seen());
    return reply.type(type).send(text);
  });
}
