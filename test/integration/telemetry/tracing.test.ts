/** OpenTelemetry's own SDK against a receiver: what processes that know nothing of each other make of one batch. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openTracing, type TracedAttempt, type TracedCourse } from '../../../src/telemetry/tracing.js';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/otlp-receiver.js';

/** Real times: numbers below a day would be taken for times since the process began. */
const AT = Date.parse('2026-03-01T02:30:00Z');
let receiver: OtlpReceiver;
let missed: string[] = [];

beforeAll(async () => {
  receiver = await startOtlpReceiver();
});

beforeEach(() => {
  receiver.spans.length = 0;
  receiver.answers = true;
  missed = [];
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

afterAll(() => receiver.close());

const open = () => openTracing((reason) => missed.push(reason));

function attempt(batch: string, more: Partial<TracedAttempt> = {}): TracedAttempt {
  return {
    ...{ batch, page: 7, url: 'https://shop.example/p/7', attempt: 1, outcome: 'completed', rows: 2 },
    ...{ renderMs: 80, startedAtMs: AT + 1_000, endedAtMs: AT + 1_100 },
    ...more,
  };
}

function course(batch: string, more: Partial<TracedCourse> = {}): TracedCourse {
  return {
    ...{ batch, target: 'shop', date: '2026-03-01', run: 1, state: 'delivered', pages: 3, rows: 6 },
    ...{ startedAtMs: AT + 500, endedAtMs: AT + 2_000 },
    states: [
      { state: 'discovering', startedAtMs: AT + 500, endedAtMs: AT + 900 },
      { state: 'fetching', startedAtMs: AT + 900, endedAtMs: AT + 2_000 },
    ],
    ...more,
  };
}

const named = (name: string) => receiver.spans.filter((span) => span.name === name);

test('a page of one process finds the batch of another, a later run the first one', async () => {
  const [one, other] = await Promise.all([open(), open()]);
  one.attempt(attempt('shop-20260301-aaaaaa'));
  other.course(course('shop-20260301-aaaaaa'));
  other.course(
    course('shop-20260301-aaaaaa', { run: 2, startedAtMs: AT + 3_000, endedAtMs: AT + 4_000, states: [] }),
  );
  other.attempt(attempt('shop-20260301-bbbbbb'));
  await Promise.all([one.close(), other.close()]);
  const [first, again] = named('thresh.batch');
  expect(first).toMatchObject({ service: 'thresh', parentSpanId: '', startMs: AT + 500, endMs: AT + 2_000 });
  expect(first?.attributes).toEqual({
    ...{ 'thresh.batch': 'shop-20260301-aaaaaa', 'thresh.target': 'shop', 'thresh.date': '2026-03-01' },
    ...{ 'thresh.state': 'delivered', 'thresh.run': 1, 'thresh.pages': 3, 'thresh.rows': 6 },
  });
  expect(again).toMatchObject({ parentSpanId: first?.spanId, traceId: first?.traceId });
  for (const name of ['thresh.discovering', 'thresh.fetching'])
    expect(named(name)).toMatchObject([{ parentSpanId: first?.spanId, traceId: first?.traceId }]);
  const pages = named('thresh.page');
  expect(pages).toHaveLength(2);
  expect(pages.filter(({ traceId }) => traceId === first?.traceId)).toMatchObject([
    { parentSpanId: first?.spanId, startMs: AT + 1_000 },
  ]);
  expect(missed).toEqual([]);
});

test('what a page wrote is text of bounded length, and secrets of its URL stay here', async () => {
  const tracing = await open();
  const url = `https://user:pass@shop.example/p/7?token=s3cret&q=${'x'.repeat(5_000)}`;
  const reason = `\u001b[31mred\u0007 ${'y'.repeat(5_000)} at https://shop.example/?api_key=s3cret`;
  tracing.attempt(attempt('shop-20260301-aaaaaa', { url, outcome: 'dead', code: 'EXTRACT_FAILED', reason }));
  await tracing.close();
  const [span] = named('thresh.page');
  const told = JSON.stringify(span);
  expect(told).not.toMatch(/s3cret|user:pass|\\u001b|\\u0007/);
  expect(told.length).toBeLessThan(4_000);
  expect(span).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'EXTRACT_FAILED' } });
});

test('the usual variables name the service and choose which batches are traced, each whole or not at all', async () => {
  vi.stubEnv('OTEL_SERVICE_NAME', 'nights');
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'parentbased_traceidratio');
  vi.stubEnv('OTEL_TRACES_SAMPLER_ARG', '0.5');
  const [one, other] = await Promise.all([open(), open()]);
  for (let nth = 0; nth < 60; nth += 1) {
    one.attempt(attempt(`shop-20260301-${nth}`));
    other.course(course(`shop-20260301-${nth}`, { states: [] }));
  }
  await Promise.all([one.close(), other.close()]);
  const pages = new Set(named('thresh.page').map(({ traceId }) => traceId));
  expect(pages.size).toBeGreaterThan(10);
  expect(pages.size).toBeLessThan(50);
  expect(new Set(named('thresh.batch').map(({ traceId }) => traceId))).toEqual(pages);
  expect(new Set(receiver.spans.map(({ service }) => service))).toEqual(new Set(['nights']));

  receiver.spans.length = 0;
  vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_off');
  const off = await open();
  off.attempt(attempt('shop-20260301-aaaaaa'));
  await off.close();
  expect(receiver.spans).toEqual([]);
});

test('a collector that hangs holds nobody for longer than two seconds, one that is not there not at all', async () => {
  receiver.answers = false;
  const hanging = await open();
  hanging.attempt(attempt('shop-20260301-aaaaaa'));
  const begun = performance.now();
  await hanging.close();
  expect(performance.now() - begun).toBeLessThan(4_000);
  expect(missed).toEqual(['not taken within 2000 ms']);

  missed = [];
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:9');
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50');
  const alone = await open();
  alone.attempt(attempt('shop-20260301-aaaaaa'));
  await alone.close();
  expect(missed).toHaveLength(1);
});
