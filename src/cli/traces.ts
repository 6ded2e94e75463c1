/** What a process of the farm tells OpenTelemetry, as its settings say. */
import { courseOf } from '../batch/course.js';
import type { BatchEvent } from '../batch/events.js';
import { isEnd } from '../batch/journal.js';
import { reasonOf } from '../errors.js';
import type { NightEvent } from '../schedule/events.js';
import type { Settings } from '../settings.js';
import { openTracing, type Tracing } from '../telemetry/tracing.js';

export interface TraceEvent {
  kind: 'traces.missed';
  reason: string;
}

export interface Traces {
  event(event: BatchEvent | NightEvent): void;
  /** What is not sent yet is sent first, for two seconds at most. */
  close(): Promise<void>;
}

/** Nothing is loaded when no traces are wanted. */
export async function tracesOf(
  { home, traces }: Settings,
  onEvent: (event: TraceEvent) => void,
): Promise<Traces> {
  const onMissed = (reason: string): void => onEvent({ kind: 'traces.missed', reason });
  const tracing = traces ? await opened(onMissed) : undefined;
  if (tracing === undefined) return { event: () => undefined, close: async () => undefined };
  let pending: Promise<unknown> = Promise.resolve();
  return {
    event(event) {
      if (event.kind === 'page.attempted') tracing.attempt(event);
      else if (event.kind === 'batch.entered' && isEnd(event.state)) {
        const told = courseOf(home, event.batch).then((course) => course && tracing.course(course));
        pending = Promise.all([pending, told.catch((error: unknown) => onMissed(reasonOf(error)))]);
      }
    },
    async close() {
      await pending;
      await tracing.close();
    },
  };
}

/** A setting that the SDK refuses is no reason to run no batch. */
async function opened(onMissed: (reason: string) => void): Promise<Tracing | undefined> {
  try {
    return await openTracing(onMissed);
  } catch (error) {
    onMissed(reasonOf(error));
    return undefined;
  }
}
