/** `/api/batches`: begin, read, watch and steer batches. */
import { createReadStream } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Moment } from '../batch/timeline.js';
import { streamEvents } from './event-stream.js';
import type { FarmView } from './farm-view.js';
import * as schemas from './schemas.js';

const PROBLEMS = { 400: schemas.problem, 404: schemas.problem };

/** What a page left behind is shown as what it is, and runs nowhere: its HTML as text, its trace as a file to save. */
const ARTIFACTS: Record<string, Record<string, string>> = {
  png: { 'content-type': 'image/png' },
  html: { 'content-type': 'text/plain; charset=utf-8' },
  zip: { 'content-type': 'application/zip', 'content-disposition': 'attachment' },
};

export function addBatchRoutes(bare: FastifyInstance, farm: FarmView): void {
  const app = bare.withTypeProvider<ZodTypeProvider>();
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
        response: { 202: schemas.opened, ...PROBLEMS },
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
  addReading(app, farm);

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
          response: { 200: schemas.batch, ...PROBLEMS },
        },
      },
      async ({ params: { id } }) => {
        await act(id);
        return farm.viewOf(id);
      },
    );
  }
}

function addReading(bare: FastifyInstance, farm: FarmView): void {
  const app = bare.withTypeProvider<ZodTypeProvider>();
  const reading = <T extends z.ZodType>(summary: string, answer: T) => ({
    schema: { summary, params: schemas.byId, response: { 200: answer, ...PROBLEMS } },
  });
  app.get('/api/batches/:id', reading('How a batch stands', schemas.batch), async ({ params: { id } }) =>
    farm.viewOf(id),
  );
  app.get(
    '/api/batches/:id/report',
    reading('Its report.json', schemas.report),
    async ({ params: { id } }, reply) => {
      const report = await farm.report(id);
      if (report === undefined)
        return reply.status(404).send({ error: `${id} has no report yet`, code: 'USAGE' });
      return { ...report };
    },
  );
  app.get(
    '/api/batches/:id/failures',
    reading('Dead letters by cause', schemas.failures),
    async ({ params: { id } }) => farm.failures(id),
  );
  app.get(
    '/api/batches/:id/quarantine',
    reading('Refused rows by what was wrong', schemas.quarantine),
    async ({ params: { id } }) => farm.quarantine(id),
  );
  app.get(
    '/api/batches/:id/diff',
    {
      schema: {
        summary: 'What differs from an earlier batch of its target',
        description: 'Reads both datasets: seconds for a million rows. One comparison is made at a time.',
        params: schemas.byId,
        querystring: schemas.diffAsked,
        response: { 200: schemas.diff, ...PROBLEMS },
      },
    },
    async ({ params: { id }, query }) => farm.diff(id, query),
  );
  app.get(
    '/api/batches/:id/timeline',
    {
      schema: {
        summary: 'How it went, moment by moment',
        params: schemas.byId,
        querystring: schemas.momentsAsked,
        response: { 200: schemas.timeline, ...PROBLEMS },
      },
    },
    async ({ params: { id }, query: { most } }) => columnsOf(await farm.timeline(id, most)),
  );
  app.get(
    '/api/batches/:id/artifacts/:name',
    {
      schema: {
        summary: 'The screenshot, HTML or trace of a page that was given up',
        params: schemas.byArtifact,
      },
    },
    async ({ params: { id, name } }, reply) => {
      const file = await farm.artifact(id, name);
      if (file === undefined) return reply.status(404).send({ error: 'it is not there', code: 'USAGE' });
      const kind = ARTIFACTS[name.slice(name.lastIndexOf('.') + 1)] ?? {};
      return reply
        .headers({ ...kind, 'content-security-policy': "default-src 'none'; sandbox" })
        .send(createReadStream(file));
    },
  );
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
    async (request, reply) =>
      streamEvents(request, reply, {
        event: 'batch',
        look: () => farm.viewOf(request.params.id),
        isLast: ({ ended }) => ended,
      }),
  );
}

function columnsOf(moments: readonly Moment[]): z.infer<typeof schemas.timeline> {
  const column = (value: (moment: Moment) => number | undefined) =>
    moments.map((moment) => value(moment) ?? null);
  return {
    at: moments.map(({ at }) => at / 1_000),
    pagesPerSecond: column((one) => one.pagesPerSecond),
    p50Ms: column((one) => one.p50Ms),
    p90Ms: column((one) => one.p90Ms),
    inFlight: column((one) => one.inFlight),
    limit: column((one) => one.limit),
    memoryMb: column((one) => one.memoryMb),
    rows: column((one) => one.rows),
    dead: column((one) => one.dead),
    quarantined: column((one) => one.quarantined),
    cpuSeconds: column((one) => one.cpuSeconds),
  };
}
