/** What the API takes and gives, in zod: requests are checked by it, and the OpenAPI document is made from it. */
import { z } from 'zod';

const pages = z.object({
  frontier: z.number(),
  completed: z.number(),
  gone: z.number(),
  skipped: z.number(),
  dead: z.number(),
  unfinished: z.number(),
});

const state = z
  .string()
  .describe(
    'discovering, fetching, paused, aggregating, gating, delivering; delivered, held, failed, cancelled',
  );

export const batch = z.object({
  batch: z.string().describe('TARGET-YYYYMMDD-XXXXXX'),
  target: z.string(),
  date: z.string().describe('YYYY-MM-DD'),
  state,
  ended: z.boolean(),
  reason: z.string().optional().describe('why it is held, failed or waits'),
  pages: pages.optional(),
  rows: z.number().optional().describe('delivered, or read so far'),
  margin: z.number().optional().describe('1 - run time / sla.window; projected while it runs'),
  pagesPerSecond: z.number().optional(),
  etaMs: z.number().optional(),
  inFlight: z.number().optional(),
  limit: z.number().optional().describe('pages in flight that the target bears now'),
  workers: z
    .array(z.object({ worker: z.string(), slots: z.number(), inFlight: z.number(), memoryMb: z.number() }))
    .optional(),
});
export type BatchView = z.infer<typeof batch>;

export const batches = z.object({ batches: z.array(batch), total: z.number() });

export const report = z
  .looseObject({ batch: z.string(), state: z.string() })
  .describe("the batch's report.json: books of pages and rows, times, the gate's checks");

export const failures = z.object({
  causes: z.array(
    z.object({
      code: z.string(),
      message: z.string(),
      pages: z.number(),
      examples: z.array(z.looseObject({ page: z.number(), url: z.string() })),
    }),
  ),
});

export const quarantine = z.object({
  causes: z.array(
    z.object({
      path: z.string().describe("zod's path to the value"),
      code: z.string(),
      message: z.string(),
      rows: z.number(),
      examples: z.array(z.object({ url: z.string(), value: z.unknown() })),
    }),
  ),
});

export const newBatch = z.strictObject({
  target: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'is the name of a target')
    .describe('a name in the folder of targets'),
  date: z.iso.date().optional().describe("YYYY-MM-DD; today in the schedule's zone without one"),
  limit: z.int().min(1).optional().describe('pages beyond this many are skipped'),
});

export const opened = z.object({ batch: z.string(), date: z.string(), resumed: z.boolean() });

export const problem = z.object({
  error: z.string(),
  code: z.string(),
  mend: z.string().optional(),
});

export const byId = z.object({ id: z.string() });

export const listing = z.object({
  target: z.string().optional(),
  state: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
  offset: z.coerce.number().int().min(0).default(0),
});
