/** What a target's functions say, as lines for a person who looks on. */
import type { TargetLog } from '../target/definition.js';
import { plainText } from '../telemetry/plain-text.js';

export function logTo(stream: NodeJS.WritableStream): TargetLog {
  const at =
    (level: keyof TargetLog) =>
    (message: string, fields?: Record<string, unknown>): void => {
      const more = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
      stream.write(`${level}: ${plainText(`${message}${more}`, 1_000)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
