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

const worker = z.object({
  worker: z.string(),
  slots: z.number().describe('pages at once that it takes now'),
  concurrency: z.number().describe('pages at once at most'),
  reason: z.string().optional().describe('why these are fewer'),
  inFlight: z.number(),
  memoryMb: z.number().describe('browsers included'),
  budgetMb: z.number().optional(),
  cpuSeconds: z.number(),
});

const laneStage = z
  .enum(['learning', 'fetching', 'not-learned', 'off'])
  .describe('not-learned: its pages are all rendered; off: rendering a page gave something else');

const lane = z
  .object({
    stage: laneStage,
    why: z.string().optional().describe('of what is not fetched (any more)'),
    fetched: z.number().describe('completed pages, without a browser'),
    rendered: z.number(),
    renderedFor: z
      .record(z.string(), z.number())
      .describe('pages by why: learning, sample, doubt, session, retry, not-learned, off'),
    compared: z.number().describe('times that rendering a page gave what fetching it gave'),
    kinds: z.array(
      z.object({
        kind: z.string().describe('label and segments of the address: detail, 4 segments'),
        stage: laneStage,
        why: z.string().optional(),
      }),
    ),
  })
  .describe("only with lane: 'auto', while it runs");

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
  since: z.string().optional().describe('ISO time at which it began'),
  until: z.string().optional().describe('ISO time at which it ended'),
  quarantined: z.number().optional(),
  retries: z.number().optional(),
  pagesPerSecond: z.number().optional(),
  etaMs: z.number().optional(),
  paced: z.boolean().optional().describe('the window is what holds it back: it could be quicker'),
  risk: z.string().optional().describe('what would help, while the SLA is at risk'),
  heldBy: z.string().optional().describe('what holds it back now'),
  p50Ms: z.number().optional().describe('half of the attempts at pages took at most so long'),
  p99Ms: z.number().optional(),
  inFlight: z.number().optional(),
  limit: z.number().optional().describe('pages in flight that the target bears now'),
  lane: lane.optional(),
  workers: z.array(worker).optional(),
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
      examples: z.array(
        z.object({
          page: z.number(),
          url: z.string(),
          screenshot: z.string().optional().describe('below the batch: artifacts/page-N.png'),
          html: z.string().optional(),
          trace: z.string().optional(),
        }),
      ),
    }),
  ),
});
export type FailuresView = z.infer<typeof failures>;

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
export type QuarantineView = z.infer<typeof quarantine>;

const side = z.object({ batch: z.string(), date: z.string() });
const names = z.array(z.string());

export const diff = z.object({
  before: side,
  after: side,
  key: names,
  rows: z.object({
    before: z.number(),
    after: z.number(),
    added: z.number(),
    gone: z.number(),
    changed: z.number(),
    same: z.number(),
  }),
  columns: z
    .array(z.object({ name: z.string(), rows: z.number() }))
    .describe('rows in which it changed, those with most first'),
  schema: z
    .object({ added: names, gone: names, retyped: names })
    .describe('columns that only one of the two has'),
  changes: z
    .array(
      z.object({
        change: z.enum(['added', 'gone', 'changed']),
        key: z.string(),
        page: z.string(),
        values: z.array(z.object({ column: z.string(), before: z.string(), after: z.string() })),
      }),
    )
    .describe('the first of them in the order of their keys; values as text, cut at 300 characters'),
});
export type DiffView = z.infer<typeof diff>;

const moments = z.array(z.number().nullable());

export const timeline = z
  .object({
    at: z.array(z.number()).describe('epoch seconds'),
    pagesPerSecond: moments,
    p50Ms: moments,
    p90Ms: moments,
    inFlight: moments,
    limit: moments,
    memoryMb: moments,
    rows: moments,
    dead: moments,
    quarantined: moments,
    cpuSeconds: moments,
  })
  .describe('a column a figure, a value a moment');

export type Timeline = z.infer<typeof timeline>;

const verdict = z.enum([
  ...['delivered', 'late', 'thin', 'held', 'failed', 'cancelled', 'running', 'paused'],
] as const);

export const night = z.object({
  date: z.string(),
  batch: z.string().describe("the night's last one"),
  verdict: verdict.describe('late: beyond its window; thin: under 80 % of the rows that are usual'),
  state: z.string(),
  reason: z.string().optional(),
  rows: z.number().optional(),
  dead: z.number().optional(),
  margin: z.number().optional(),
  seconds: z.number().optional(),
  earlier: z.number().optional().describe('batches of that date before it'),
});
export type NightView = z.infer<typeof night>;

export const nights = z.object({
  dates: z.array(z.string()).describe('the latest first'),
  targets: z.array(z.object({ target: z.string(), nights: z.array(night) })),
  batches: z.number().describe('in the whole history'),
});
export type NightsView = z.infer<typeof nights>;

export const farm = z.object({
  running: z.array(batch),
  workers: z.array(worker),
  targets: z.array(
    z.object({
      target: z.string(),
      next: z.string().optional().describe('ISO time at which its next night is due'),
      tz: z.string().optional(),
    }),
  ),
  alerts: z.object({ waiting: z.number(), givenUp: z.number() }),
});
export type FarmStanding = z.infer<typeof farm>;

const targetName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'is the name of a target');

export const scalingAsked = z.object({ target: targetName.optional().describe('only this one') });

export const scaling = z.object({
  workers: z.number().describe('that the farm should have now; 0: nothing is to be done'),
  targets: z.array(
    z.object({
      target: z.string(),
      waiting: z.number().describe('jobs in its queue'),
      active: z.number(),
      pagesAtOnce: z.number().describe('pages in flight that are of use now'),
      slotsAWorker: z.number().describe('pages at once of one worker'),
      need: z.number().describe('workers, if it were the only target'),
      why: z
        .string()
        .describe(
          'window: its batches need no more to be done in time; target: it bears no more; pages: no more are left; carried: a batch of it renders nothing now, but somebody has to see it through; night: one is due; idle',
        ),
    }),
  ),
});

export const credentials = z.strictObject({ token: z.string().max(1_000) });

export const newBatch = z.strictObject({
  target: targetName.describe('a name in the folder of targets'),
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

export const nightsAsked = z.object({ days: z.coerce.number().int().min(1).max(400).default(28) });

export const momentsAsked = z.object({ most: z.coerce.number().int().min(10).max(5_000).default(600) });

export const diffAsked = z.object({
  with: z.string().optional().describe('an earlier batch of the target; that of the date before without one'),
  limit: z.coerce.number().int().min(0).max(1_000).default(50).describe('changes that are shown'),
});
export type DiffAsked = z.infer<typeof diffAsked>;

export const byArtifact = z.object({
  id: z.string(),
  name: z.string().regex(/^page-\d{1,9}\.(?:png|html|zip)$/, 'is no artifact'),
});

export const listing = z.object({
  target: z.string().optional(),
  state: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
  offset: z.coerce.number().int().min(0).default(0),
});
