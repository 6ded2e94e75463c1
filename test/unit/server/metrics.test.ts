import { expect, test } from 'vitest';
import { metricsOf } from '../../../src/server/metrics.js';
import { type BatchView, batch } from '../../../src/server/schemas.js';

const running: BatchView = {
  ...{ batch: 'shop-20260301-aaaaaa', target: 'shop', date: '2026-03-01', state: 'fetching', ended: false },
  pages: { frontier: 100, completed: 40, gone: 0, skipped: 0, dead: 0, unfinished: 60 },
};

test('a batch with a data lane tells how its pages were read, and the stage of the lane', async () => {
  const lane: BatchView['lane'] = {
    ...{ stage: 'fetching', fetched: 30, rendered: 10, renderedFor: { learning: 7, sample: 3 }, compared: 4 },
    kinds: [{ kind: '2 segments', stage: 'fetching' }],
  };
  const view = batch.parse({ ...running, lane });
  const { text } = await metricsOf({ batches: [view], workers: [], deliveredAtMs: new Map() });
  expect(text).toContain('thresh_batch_lane_pages{target="shop",by="fetched"} 30');
  expect(text).toContain('thresh_batch_lane_pages{target="shop",by="rendered"} 10');
  expect(text).toContain('thresh_batch_lane_stage{target="shop",stage="fetching"} 1');
  expect(text).toContain('thresh_batch_lane_stage{target="shop",stage="off"} 0');
});

test('one without says nothing of it', async () => {
  const { text } = await metricsOf({ batches: [running], workers: [], deliveredAtMs: new Map() });
  expect(text).toContain('thresh_batch_pages{target="shop",outcome="completed"} 40');
  expect(text).not.toMatch(/^thresh_batch_lane_\w+\{/m);
});
