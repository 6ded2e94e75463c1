import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from '../settings.js';
import { plainJson } from './plain-text.js';
import { redact, redactText } from './redact.js';

export type Log = Logger;

export interface LogOptions {
  /** Default `info`. */
  level?: LogLevel;
  /** Default: stderr, written at once, so that nothing is lost when the process ends. */
  to?: DestinationStream;
  /** Fields of every line, e.g. `{ batch, target }`. */
  fields?: Record<string, unknown>;
}

/** A logger of JSON lines. Secrets never get through, neither as fields nor within text (see `redact.ts`). */
export function createLog({ level = 'info', to, fields = {} }: LogOptions = {}): Log {
  return pino(
    {
      level,
      base: fields,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        bindings: redactFields,
        log: redactFields,
      },
      hooks: {
        streamWrite: plainJson,
        logMethod(args, method) {
          const [first, ...rest]: unknown[] = args;
          // `log.error(error)`: pino would take the message from the error itself, unseen by us.
          const head = first instanceof Error ? [{ err: first }, redactText(first.message)] : [first];
          const safe = [...head, ...rest].map((part, place) =>
            place === 0 && typeof part !== 'string' ? part : redact(part),
          );
          method.apply(this, safe as Parameters<typeof method>);
        },
      },
      // `redact` has already made plain objects of errors.
      serializers: { err: (error: unknown) => error },
    },
    to ?? destination({ fd: 2, sync: true }),
  );
}

function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  return redact(fields) as Record<string, unknown>;
}
