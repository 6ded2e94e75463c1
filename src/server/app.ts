/**
 * `thresh serve`: the farm over HTTP. Every route's request and answer is a zod schema, from which the OpenAPI document at
 * `/openapi.json` is made. Nothing here renders: batches are handed to the workers.
 */
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { isThreshError, reasonOf } from '../errors.js';
import type { RedisHandle } from '../queue/redis.js';
import { plainText } from '../telemetry/plain-text.js';
import { VERSION } from '../version.js';
import { type Access, refusalOf } from './access.js';
import { addBatchRoutes } from './batch-routes.js';
import { addDashboard, isOpenToAll } from './dashboard.js';
import { addFarmRoutes } from './farm-routes.js';
import type { FarmView } from './farm-view.js';
import { addQueueBoard } from './queue-board.js';
import { addScalingRoute } from './scaling-route.js';

export interface AppOptions extends Access {
  farm: FarmView;
  redis: RedisHandle;
  /** Absolute. */
  targetsDir: string;
}

const MOST_BODY = 64 * 1024;
/** Asked without a token by whoever only looks whether it lives. */
const HEALTH = new Set(['/healthz', '/readyz']);

export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({ bodyLimit: MOST_BODY, logger: false, forceCloseConnections: true });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Thresh',
        version: VERSION,
        description: 'Batches of a scraping farm: begin, watch, steer.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
  });
  guard(app, options);
  answerErrors(app);

  app.get('/healthz', { schema: { hide: true } }, async () => ({ ok: true }));
  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const ready = options.redis.client.status === 'ready';
    return reply.status(ready ? 200 : 503).send({ ready });
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  addBatchRoutes(app, options.farm);
  addFarmRoutes(app, options.farm);
  addScalingRoute(app, options);
  await addDashboard(app, options);
  await addQueueBoard(app, options);
  return app;
}

function guard(app: FastifyInstance, access: Access): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    if (HEALTH.has(request.url)) return;
    if (access.token !== undefined && isOpenToAll(request)) return;
    const refusal = refusalOf(request, access);
    if (refusal === undefined) return;
    const { status, ...said } = refusal;
    await reply.status(status).send({ code: 'REFUSED', ...said });
  });
}

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, _request, reply) => {
    if (hasZodFastifySchemaValidationErrors(error)) {
      const words = error.validation.map(({ instancePath, message }) => `${instancePath || '/'}: ${message}`);
      return reply.status(400).send({ error: words.join('; '), code: 'USAGE' });
    }
    if (isThreshError(error)) {
      const status = error.code === 'USAGE' || error.code === 'TARGET_INVALID' ? 400 : 503;
      const mend = error.mend === undefined ? {} : { mend: plainText(error.mend, 500) };
      const isMissing = error.message.startsWith('there is no batch');
      return reply
        .status(isMissing ? 404 : status)
        .send({ error: plainText(error.message, 1_000), code: error.code, ...mend });
    }
    const { statusCode = 500 } = error as { statusCode?: number };
    const words = statusCode < 500 ? plainText(reasonOf(error), 500) : 'a fault of thresh';
    return reply.status(statusCode).send({ error: words, code: 'FAILED' });
  });
}
