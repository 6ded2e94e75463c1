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
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isThreshError, reasonOf } from '../errors.js';
import { plainText } from '../telemetry/plain-text.js';
import { VERSION } from '../version.js';
import { type Access, refusalOf } from './access.js';
import type { FarmView } from './farm-view.js';
import { metricsOf } from './metrics.js';
import * as schemas from './schemas.js';

export interface AppOptions extends Access {
  farm: FarmView;
  isReady: () => boolean;
}

const STREAM_LOOK_MS = 1_000;
const MOST_BODY = 64 * 1024;
/** Asked without a token by whoever only looks whether it lives. */
const OPEN = new Set(['/healthz', '/readyz']);

export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { farm } = options;
  const bare = Fastify({ bodyLimit: MOST_BODY, logger: false, forceCloseConnections: true });
  bare.setValidatorCompiler(validatorCompiler);
  bare.setSerializerCompiler(serializerCompiler);
  await bare.register(swagger, {
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
  const app = bare.withTypeProvider<ZodTypeProvider>();

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    if (OPEN.has(request.url)) return;
    const refusal = refusalOf(request, options);
    if (refusal === undefined) return;
    const { status, ...said } = refusal;
    await reply.status(status).send({ code: 'REFUSED', ...said });
  });
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

  app.get('/healthz', { schema: { hide: true } }, async () => ({ ok: true }));
  app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const ready = options.isReady();
    return reply.status(ready ? 200 : 503).send({ ready });
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => bare.swagger());
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const { type, text } = await metricsOf(await farm.seen());
    return reply.type(type).send(text);
  });

  const problems = { 400: schemas.problem, 404: schemas.problem };
  app.get(
    '/api/batches',
    {
      schema: {
        summary: 'Batches, the latest first',
        querystring: schemas.listing,
        response: { 200: schemas.batches },
      },
    },
    async ({ query: { target, state, limit, offset } }) =>
      farm.list({
        ...(target === undefined ? {} : { target }),
        ...(state === undefined ? {} : { state }),
        ...{ limit, offset },
      }),
  );
  app.post(
    '/api/batches',
    {
      schema: {
        summary: 'Begin a batch, or go on with the unfinished one of that target and date',
        description: 'A `thresh worker` has to run; it renders the batch.',
        body: schemas.newBatch,
        response: { 202: schemas.opened, ...problems },
      },
    },
    async ({ body: { target, date, limit } }, reply) => {
      const opened = await farm.open({
        target,
        ...(date === undefined ? {} : { date }),
        ...(limit === undefined ? {} : { limit }),
      });
      return reply.status(202).send(opened);
    },
  );
  app.get(
    '/api/batches/:id',
    {
      schema: {
        summary: 'How a batch stands',
        params: schemas.byId,
        response: { 200: schemas.batch, ...problems },
      },
    },
    async ({ params: { id } }) => farm.viewOf(id),
  );
  app.get(
    '/api/batches/:id/report',
    {
      schema: {
        summary: 'Its report.json',
        params: schemas.byId,
        response: { 200: schemas.report, ...problems },
      },
    },
    async ({ params: { id } }, reply) => {
      const report = await farm.report(id);
      if (report === undefined)
        return reply.status(404).send({ error: `${id} has no report yet`, code: 'USAGE' });
      return { ...report };
    },
  );
  app.get(
    '/api/batches/:id/failures',
    {
      schema: {
        summary: 'Dead letters by cause',
        params: schemas.byId,
        response: { 200: schemas.failures, ...problems },
      },
    },
    async ({ params: { id } }) => farm.failures(id),
  );
  app.get(
    '/api/batches/:id/quarantine',
    {
      schema: {
        summary: 'Refused rows by what was wrong',
        params: schemas.byId,
        response: { 200: schemas.quarantine, ...problems },
      },
    },
    async ({ params: { id } }) => farm.quarantine(id),
  );

  const acts: Record<string, { summary: string; act: (id: string) => Promise<void> }> = {
    pause: { summary: 'Take no more pages', act: (id) => farm.steer(id, 'pause') },
    resume: { summary: 'Go on', act: (id) => farm.steer(id, 'run') },
    cancel: { summary: 'End it without delivering', act: (id) => farm.steer(id, 'cancel') },
    retry: { summary: 'Put its dead letters back and run it to its end again', act: (id) => farm.retry(id) },
    release: { summary: 'Deliver it although the gate holds it', act: (id) => farm.release(id) },
  };
  for (const [name, { summary, act }] of Object.entries(acts)) {
    app.post(
      `/api/batches/:id/${name}`,
      {
        schema: {
          summary,
          params: schemas.byId,
          body: z.strictObject({}).optional(),
          response: { 200: schemas.batch, ...problems },
        },
      },
      async ({ params: { id } }) => {
        await act(id);
        return farm.viewOf(id);
      },
    );
  }

  app.get(
    '/api/batches/:id/events',
    {
      schema: {
        summary: 'Its standing as server-sent events, until it has ended',
        description:
          'An event `batch` whenever something changed, at most once a second; its data as of GET.',
        params: schemas.byId,
      },
    },
    async ({ params: { id }, raw }, reply) => {
      let last = await farm.viewOf(id); // answers 404 as the others do
      reply.hijack();
      const { raw: stream } = reply;
      stream.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream',
        'x-accel-buffering': 'no',
      });
      const tell = (): boolean => stream.write(`event: batch\ndata: ${JSON.stringify(last)}\n\n`);
      tell();
      let isGone = false;
      raw.on('close', () => {
        isGone = true;
      });
      while (!isGone && !last.ended) {
        await new Promise((resolve) => setTimeout(resolve, STREAM_LOOK_MS));
        const now = await farm.viewOf(id).catch(() => undefined); // Redis is away: the next look asks again
        if (now === undefined || isGone) continue;
        const isNews = JSON.stringify(now) !== JSON.stringify(last);
        last = now;
        if (isNews) tell();
        else stream.write(': still here\n\n');
      }
      stream.end();
    },
  );
  return bare;
}
