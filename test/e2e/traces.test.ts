/** Traces of a real batch that two processes render; none without an endpoint; a collector that is away harms nothing. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { casesOf, longTest } from '../support/long.js';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 16;
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;
let receiver: OtlpReceiver;
let file: string;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
  receiver = await startOtlpReceiver();
  lab = await openLab();
  file = await lab.target('traced', code());
});

afterAll(async () => {
  await lab?.close();
  await receiver?.close();
  await shop?.stop();
});

/** Its pages carry a secret; one is gone, and one cannot be read, at great length. */
function code(): string {
  const { pathOf } = shop.catalogue;
  const urls = Array.from({ length: PRODUCTS }, (_, number) => `${shop.url}${pathOf(number)}?token=s3cret`);
  return `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'traced',
  schema: z.object({ sku: z.string() }),
  key: ['sku'],
  discover: [...${JSON.stringify(urls)}, '${shop.url}/status/404', { url: '${urls[0]}&again=1', label: 'bad' }],
  ready: '[data-sku]',
  retries: 1,
  gate: { minCompleted: 0.5 },
  robots: 'ignore',
  throttle: { minDelayMs: 500 }, // so that either process has its turn
  async extract({ page, request }) {
    if (request.label === 'bad') throw new Error('\\u001b[31mno ' + 'x'.repeat(9_000));
    return page.evaluate(() => ({ sku: document.querySelector('[data-sku]').getAttribute('data-sku') }));
  },
});
`;
}

/** The modules that the processes with this NODE_V8_COVERAGE had loaded when they ended. */
async function loaded(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  expect(files).not.toEqual([]);
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  return texts
    .flatMap((text) => (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url))
    .join('\n');
}

test('a batch is one trace over the processes that work on it: its states and every attempt', async () => {
  const coverage = path.join(lab.dir, 'loaded-with');
  await mkdir(coverage);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '500' };
  const worker = lab.start(['worker', '--concurrency', '1', '--no-schedule'], {
    ...{ ...env, OTEL_SERVICE_NAME: 'helper' },
  });
  await worker.says(/working for the farm/);
  const { report } = await runBatch(lab, file, {
    ...{ date: '2026-03-01', args: ['--concurrency', '1'] },
    env: { ...env, NODE_V8_COVERAGE: coverage },
  });
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  expect(await loaded(coverage)).toContain('@opentelemetry');

  const { spans } = receiver;
  const [root, ...others] = spans.filter(({ name }) => name === 'thresh.batch');
  expect(others).toEqual([]);
  expect(root?.parentSpanId).toBe('');
  expect(root?.attributes).toMatchObject({
    ...{ 'thresh.batch': report.batch, 'thresh.target': 'traced', 'thresh.date': '2026-03-01' },
    ...{ 'thresh.state': 'delivered', 'thresh.pages': PRODUCTS + 2, 'thresh.rows': report.rows.delivered },
  });
  const rest = spans.filter((span) => span !== root);
  expect(new Set(rest.map(({ traceId }) => traceId))).toEqual(new Set([root?.traceId]));
  expect(new Set(rest.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([root?.spanId]));
  for (const { startMs, endMs } of rest) {
    expect(endMs).toBeGreaterThanOrEqual(startMs);
    expect(startMs).toBeGreaterThanOrEqual(root?.startMs ?? Number.POSITIVE_INFINITY);
    expect(endMs).toBeLessThanOrEqual((root?.endMs ?? 0) + 1);
  }
  const states = rest.filter(({ name }) => name !== 'thresh.page').sort((a, b) => a.startMs - b.startMs);
  expect(states.map(({ name }) => name)).toEqual(
    ['discovering', 'fetching', 'aggregating', 'gating', 'delivering'].map((state) => `thresh.${state}`),
  );

  const pages = rest.filter(({ name }) => name === 'thresh.page');
  const ended = (outcome: string) =>
    pages.filter(({ attributes }) => attributes['thresh.outcome'] === outcome);
  expect(ended('completed')).toHaveLength(report.pages.completed);
  expect(ended('gone')).toHaveLength(1);
  expect(ended('retried')).toHaveLength(1);
  expect(ended('dead')).toHaveLength(1);
  expect(ended('dead')[0]).toMatchObject({
    status: { code: 2 },
    attributes: { 'error.type': 'EXTRACT_FAILED', 'thresh.attempt': 2, 'thresh.label': 'bad' },
  });
  const rows = pages.map(({ attributes }) => Number(attributes['thresh.rows'] ?? 0));
  expect(rows.reduce((sum, count) => sum + count, 0)).toBe(report.rows.read - report.rows.quarantined);
  expect(pages.every(({ attributes }) => Number(attributes['thresh.render_ms']) > 0)).toBe(true);
  expect(new Set(pages.map(({ service }) => service))).toEqual(new Set(['helper', 'thresh']));
  const told = JSON.stringify(spans);
  expect(told).toContain('token=[redacted]');
  expect(told).not.toMatch(/s3cret|\\u001b|x{400}/);
});

test('without an endpoint, or when it is told to be off, nothing of OpenTelemetry is loaded', async () => {
  const coverage = path.join(lab.dir, 'loaded-without');
  await mkdir(coverage);
  receiver.spans.length = 0;
  const off = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SDK_DISABLED: 'true' };
  const runs: [string, Record<string, string>][] = [
    ['2026-03-02', off],
    ['2026-03-03', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
  ];
  for (const [date, more] of casesOf(runs, 1))
    await runBatch(lab, file, {
      ...{ date, args: ['--limit', '3'] },
      env: { ...more, NODE_V8_COVERAGE: coverage },
    });
  const urls = await loaded(coverage);
  expect(urls).toContain('dist/src/cli/main.js');
  expect(urls).not.toContain('@opentelemetry');
  expect(receiver.spans).toEqual([]);
});

longTest(
  'a collector that is not there, or hangs, is told once and changes nothing of the batch',
  async () => {
    receiver.answers = false;
    for (const [date, endpoint] of [
      ['2026-03-04', 'http://127.0.0.1:9'],
      ['2026-03-05', receiver.url],
    ] as const) {
      const {
        code: exit,
        report,
        stderr,
      } = await runBatch(lab, file, {
        ...{ date, args: ['--limit', '6'] },
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: '200' },
      });
      expect(exit, stderr).toBe(0);
      expect(report.rows.delivered).toBe(6);
      const warnings = stderr.split('\n').filter((line) => line.includes('traces.missed'));
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain('"level":"warn"');
    }
    const refused = await lab.thresh(['status'], { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/OTEL_EXPORTER_OTLP_ENDPOINT is not an http\(s\) URL/);
  },
);
