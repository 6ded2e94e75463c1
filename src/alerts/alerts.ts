/**
 * Alerts on their way: a BullMQ queue that outlives the process, a job for each receiver. Tried again for a day while a receiver
 * does not answer; the same alert is queued once. A batch's end is told from its files, so that it is told also when
 * the process died in between: the next one looks at what has ended lately.
 */
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import type { BatchEvent } from '../batch/events.js';
import { isEnd } from '../batch/journal.js';
import { listSpecs } from '../batch/spec.js';
import { reasonOf } from '../errors.js';
import { ALERT_QUEUE, PREFIX } from '../queue/keys.js';
import { type AlertJob, openAlertQueue } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import type { NightEvent } from '../schedule/events.js';
import { plainText } from '../telemetry/plain-text.js';
import { redactText } from '../telemetry/redact.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import { VERSION } from '../version.js';
import type { Alert } from './alert.js';
import { letterFor, type Receiver, wants } from './receivers.js';
import { endOf, ofEvent, ofSnapshot } from './told.js';

/** Told with the receiver's host alone: the rest of its URL is a secret. */
export type AlertEvent =
  | {
      kind: 'alert.sent';
      alert: string;
      about: string;
      receiver: string;
      status: number;
      ms: number;
      answer: string;
    }
  | {
      kind: 'alert.missed';
      alert: string;
      about: string;
      receiver: string;
      reason: string;
      attempt: number;
      again: boolean;
    };

export interface AlertsOptions {
  home: string;
  receivers: readonly Receiver[];
  /** For the signature of JSON. */
  secret: string | undefined;
  onEvent: (event: AlertEvent) => void;
}

export interface Alerts {
  /** From here on what was taken is queued and sent. */
  attach(redis: RedisHandle): Promise<void>;
  event(event: BatchEvent | NightEvent): void;
  snapshot(snapshot: BatchSnapshot): void;
  /** What can be sent is sent first, for so long at most; what is left is sent by the next process. */
  close(limitMs: number): Promise<void>;
}

const ANSWER_LIMIT_MS = 10_000;
const ATTEMPTS = 36;
const FIRST_AGAIN_MS = 5_000;
const LAST_AGAIN_MS = 3_600_000;
const KNOWN_S = 7 * 24 * 3_600;
/** A batch that ended longer ago is not told any more. */
const LATELY_MS = 24 * 3_600_000;
const AT_ONCE = 4;
const LOOK_MS = 100;
/** For a letter on its way to be answered, once the time is over. */
const LET_GO_MS = 11_000;
const MOST_ANSWER = 200;

/** With no receiver nothing is done at all. */
export function createAlerts(options: AlertsOptions): Alerts {
  const { home, receivers } = options;
  let attached: (post: Post | undefined) => void = () => undefined;
  const ready = new Promise<Post | undefined>((resolve) => {
    attached = resolve;
  });
  let pending: Promise<unknown> = Promise.resolve();
  const manyDead = new Set<string>();
  let closing: Promise<void> | undefined;

  function later(work: (post: Post) => Promise<void>): void {
    if (receivers.length === 0) return;
    pending = Promise.all([pending, ready.then((post) => post && work(post)).catch(() => undefined)]);
  }

  return {
    async attach(redis) {
      if (receivers.length === 0) return;
      const post = openPost(redis, options);
      attached(post);
      later(async () => {
        const since = new Date(Date.now() - LATELY_MS).toISOString();
        for (const { id, createdAt } of await listSpecs(home)) {
          if (createdAt < new Date(Date.now() - 7 * LATELY_MS).toISOString()) break;
          const alert = await endOf(home, id);
          if (alert !== undefined && alert.at >= since) await post.add(alert);
        }
      });
    },
    event(event) {
      if (event.kind === 'batch.entered' && isEnd(event.state)) {
        later(async (post) => {
          const alert = await endOf(home, event.batch);
          if (alert !== undefined) await post.add(alert);
        });
        return;
      }
      const alert = ofEvent(event);
      if (alert !== undefined) later((post) => post.add(alert));
    },
    snapshot(snapshot) {
      if (manyDead.has(snapshot.batch)) return;
      const alert = ofSnapshot(snapshot);
      if (alert === undefined) return;
      manyDead.add(snapshot.batch);
      later((post) => post.add(alert));
    },
    close(limitMs) {
      closing ??= close(limitMs);
      return closing;
    },
  };

  async function close(limitMs: number): Promise<void> {
    attached(undefined); // where it never was
    const limit = new Promise<void>((resolve) => setTimeout(resolve, limitMs).unref());
    await Promise.race([pending, limit]);
    await (await ready)?.close(limit);
  }
}

interface Post {
  add(alert: Alert): Promise<void>;
  close(limit: Promise<void>): Promise<void>;
}

function openPost(redis: RedisHandle, { receivers, secret, onEvent }: AlertsOptions): Post {
  const queue = openAlertQueue(redis);
  const worker = new Worker<AlertJob>(
    ALERT_QUEUE,
    async (job) => {
      const receiver = receivers.find(({ id }) => id === job.data.receiver);
      if (receiver !== undefined) await send(job, receiver); // else nobody wants it any more
    },
    {
      connection: redis.connection,
      prefix: PREFIX,
      concurrency: AT_ONCE,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      settings: {
        backoffStrategy: (attempts) =>
          Math.min(LAST_AGAIN_MS, FIRST_AGAIN_MS * 2 ** (attempts - 1)) * (0.75 + Math.random() / 2),
      },
    },
  );
  worker.on('error', () => undefined); // lost links are told by the handle's own client

  async function send(job: Job<AlertJob>, receiver: Receiver): Promise<void> {
    const alert = job.data.alert as Alert;
    const attempt = job.attemptsMade + 1;
    const told = { alert: alert.id, about: alert.kind, receiver: receiver.host };
    const sent = await deliver(receiver, alert, secret);
    if (sent.ok) {
      const { status, ms, answer } = sent;
      onEvent({ kind: 'alert.sent', ...told, status, ms, answer });
      return;
    }
    const again = !sent.isFinal && attempt < ATTEMPTS;
    onEvent({ kind: 'alert.missed', ...told, reason: sent.reason, attempt, again });
    throw again ? new Error(sent.reason) : new UnrecoverableError(sent.reason);
  }

  return {
    async add(alert) {
      for (const receiver of receivers) {
        if (!wants(receiver, alert)) continue;
        await queue.add(
          alert.kind,
          { receiver: receiver.id, alert },
          {
            jobId: `${alert.id}.${receiver.id}`,
            attempts: ATTEMPTS,
            backoff: { type: 'custom' },
            removeOnComplete: { age: KNOWN_S },
            removeOnFail: { age: KNOWN_S },
          },
        );
      }
    },
    async close(limit) {
      let isOver = false;
      const over = limit.then(() => {
        isOver = true;
      });
      await Promise.race([allSent(() => isOver).catch(() => undefined), over]); // of a Redis that is away nothing comes back
      await Promise.race([
        worker.close(isOver),
        new Promise((resolve) => setTimeout(resolve, LET_GO_MS).unref()),
      ]);
      await queue.close();
    },
  };

  async function allSent(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active');
      if (waiting + active === 0) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

export type Sent =
  | { ok: true; status: number; ms: number; answer: string }
  /** `isFinal`: it would be answered the same again. */
  | { ok: false; reason: string; isFinal: boolean };

/** Never throws. Redirects are not followed: what is sent is for the receiver alone. */
export async function deliver(receiver: Receiver, alert: Alert, secret: string | undefined): Promise<Sent> {
  const { headers, body } = letterFor(receiver, alert, secret);
  const startedMs = performance.now();
  try {
    const response = await fetch(receiver.url, {
      method: 'POST',
      headers: { ...headers, 'user-agent': `Thresh/${VERSION}` },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    const text = (await response.text()).slice(0, 10 * MOST_ANSWER);
    const answer = plainText(withoutSecrets(text, receiver, secret), MOST_ANSWER);
    const { status } = response;
    const ms = Math.round(performance.now() - startedMs);
    if (response.ok) return { ok: true, status, ms, answer };
    const isFinal = status >= 300 && status < 500 && ![408, 409, 425, 429].includes(status);
    return { ok: false, reason: `it answered ${status}: ${answer}`, isFinal };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
    const reason = `${reasonOf(error)}${cause === '' ? '' : ` (${cause})`}`;
    return {
      ok: false,
      reason: plainText(withoutSecrets(reason, receiver, secret), 300),
      isFinal: false,
    };
  }
}

/** Whoever answers may say what he was sent. */
function withoutSecrets(text: string, { url }: Receiver, secret: string | undefined): string {
  const { pathname, searchParams } = new URL(url);
  const secrets = [url, pathname, ...searchParams.values(), ...(secret === undefined ? [] : [secret])];
  return secrets
    .filter((one) => one.length > 1)
    .reduce((rest, one) => rest.replaceAll(one, '[redacted]'), redactText(text));
}
