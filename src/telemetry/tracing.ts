/**
 * Traces over OTLP/HTTP, by OpenTelemetry's own SDK: it is loaded by `openTracing` and not before. A batch is one trace,
 * whichever processes work on it: the ids of the trace and of its first span are made of the batch's id, so that a page
 * finds its parent without being told, and a batch that is taken over goes on with its trace.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context, Span } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-node';
import { VERSION } from '../version.js';
import { plainText } from './plain-text.js';
import { redactText } from './redact.js';

/** One attempt at a page. Times are epoch ms. */
export interface TracedAttempt {
  batch: string;
  page: number;
  url: string;
  label?: string;
  attempt: number;
  outcome: string;
  code?: string;
  reason?: string;
  rows?: number;
  quarantined?: number;
  renderMs: number;
  startedAtMs: number;
  endedAtMs: number;
}

/** A batch from where it began, or was begun again after an end, to its end. Times are epoch ms. */
export interface TracedCourse {
  batch: string;
  target: string;
  /** `YYYY-MM-DD` */
  date: string;
  /** From 1; each time that it went on after an end is one more. */
  run: number;
  state: string;
  reason?: string;
  /** In its frontier. */
  pages?: number;
  /** Delivered. */
  rows?: number;
  startedAtMs: number;
  endedAtMs: number;
  states: readonly { state: string; startedAtMs: number; endedAtMs: number; reason?: string }[];
}

export interface Tracing {
  attempt(attempt: TracedAttempt): void;
  course(course: TracedCourse): void;
  /** What is not sent yet is sent first, for `FLUSH_MS` at most. */
  close(): Promise<void>;
}

const FLUSH_MS = 2_000;
const MOST_URL = 2_000;
const MOST_TEXT = 300;

/** `onMissed`: the collector does not take spans. Told once, until it has taken some again. */
export async function openTracing(onMissed: (reason: string) => void): Promise<Tracing> {
  const [api, sdk, otlp, resources, names] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/semantic-conventions'),
  ]);
  const { ROOT_CONTEXT, SpanStatusCode, trace } = api;
  const random = new sdk.RandomIdGenerator();
  const given: { traceId?: string; spanId?: string } = {};
  const exporter = telling(new otlp.OTLPTraceExporter(), onMissed);
  const provider = new sdk.NodeTracerProvider({
    resource: resources
      .resourceFromAttributes({ [names.ATTR_SERVICE_NAME]: 'thresh', [names.ATTR_SERVICE_VERSION]: VERSION })
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    idGenerator: {
      generateTraceId: () => given.traceId ?? random.generateTraceId(),
      generateSpanId: () => given.spanId ?? random.generateSpanId(),
    },
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('thresh', VERSION);
  let closing: Promise<void> | undefined;

  /** Whether it is recorded the sampler decides, by the trace's id: for all processes alike. */
  function firstSpan(batch: string, startTime: number): Span {
    Object.assign(given, idsOf(batch));
    const span = tracer.startSpan('thresh.batch', { root: true, startTime }, ROOT_CONTEXT);
    delete given.traceId;
    delete given.spanId;
    return span;
  }

  /** The batch's first span, as its children need it; it is ended where the batch is. */
  function within(batch: string): Context {
    return trace.setSpanContext(ROOT_CONTEXT, firstSpan(batch, Date.now()).spanContext());
  }

  async function close(): Promise<void> {
    const limitMs = exporter.isMissing() ? 0 : FLUSH_MS;
    const late = delay(limitMs, 'late' as const, { ref: false });
    const flushed = provider.shutdown().catch(() => undefined); // `onMissed` has been told
    if ((await Promise.race([flushed, late])) === 'late') exporter.missed(`not taken within ${FLUSH_MS} ms`);
  }

  return {
    attempt(attempt) {
      const { code, reason, outcome, startedAtMs, endedAtMs } = attempt;
      const span = tracer.startSpan('thresh.page', { startTime: startedAtMs }, within(attempt.batch));
      span.setAttributes({
        ...{ 'thresh.batch': attempt.batch, 'thresh.page': attempt.page, 'thresh.attempt': attempt.attempt },
        ...{ 'thresh.outcome': outcome, 'thresh.render_ms': attempt.renderMs },
        [names.ATTR_URL_FULL]: safe(attempt.url, MOST_URL),
        ...known('thresh.label', attempt.label === undefined ? undefined : safe(attempt.label)),
        ...known('thresh.rows', attempt.rows),
        ...known('thresh.quarantined', attempt.quarantined),
        ...known(names.ATTR_ERROR_TYPE, code),
      });
      if (code !== undefined && outcome !== 'put-back')
        span.setStatus({ code: SpanStatusCode.ERROR, message: safe(reason ?? code) });
      span.end(endedAtMs);
    },
    course(course) {
      const { batch, run, startedAtMs, state, reason } = course;
      const span =
        run === 1
          ? firstSpan(batch, startedAtMs)
          : tracer.startSpan('thresh.batch', { startTime: startedAtMs }, within(batch));
      span.setAttributes({
        ...{ 'thresh.batch': batch, 'thresh.target': course.target, 'thresh.date': course.date },
        ...{ 'thresh.state': state, 'thresh.run': run },
        ...known('thresh.pages', course.pages),
        ...known('thresh.rows', course.rows),
        ...known('thresh.reason', reason === undefined ? undefined : safe(reason)),
      });
      if (state === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message: safe(reason ?? '') });
      const parent = trace.setSpan(ROOT_CONTEXT, span);
      for (const one of course.states) {
        const child = tracer.startSpan(`thresh.${one.state}`, { startTime: one.startedAtMs }, parent);
        child.setAttributes({
          'thresh.batch': batch,
          ...known('thresh.reason', one.reason === undefined ? undefined : safe(one.reason)),
        });
        child.end(one.endedAtMs);
      }
      span.end(course.endedAtMs);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function idsOf(batch: string): { traceId: string; spanId: string } {
  const hex = createHash('sha256').update(`thresh ${batch}`).digest('hex');
  return { traceId: hex.slice(0, 32), spanId: hex.slice(32, 48) };
}

/** What a page or a target wrote: text without secrets, of bounded length. */
function safe(text: string, max = MOST_TEXT): string {
  return plainText(redactText(text), max);
}

function known<T>(name: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [name]: value };
}

interface TellingExporter extends SpanExporter {
  isMissing(): boolean;
  missed(reason: string): void;
}

function telling(inner: SpanExporter, onMissed: (reason: string) => void): TellingExporter {
  let missing = false;
  function missed(reason: string): void {
    if (!missing) onMissed(safe(reason));
    missing = true;
  }
  return {
    export(spans, done) {
      inner.export(spans, (result) => {
        if (result.code === 0) missing = false;
        else missed(result.error?.message || 'the collector did not take them');
        done(result);
      });
    },
    shutdown: () => inner.shutdown(),
    forceFlush: async () => inner.forceFlush?.(),
    isMissing: () => missing,
    missed,
  };
}
