/** `thresh clean`: what old nights left behind goes; a worker does so once a day. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Cleaned, cleanHome } from '../batch/clean.js';
import type { Settings } from '../settings.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { withShare } from './share.js';

export interface CleanCommand {
  dryRun?: boolean;
  keepDays?: number;
  keepBatches?: number;
  json?: boolean;
}

export async function clean(options: CleanCommand, settings: Settings): Promise<ExitCode> {
  const { dryRun = false, keepDays = settings.keepDays, keepBatches = settings.keepBatches } = options;
  const cleaned = await withShare(settings, (share) =>
    cleanHome({ home: settings.home, keepDays, keepBatches, dryRun, share }),
  );
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(cleaned)}\n`);
    return EXIT.ok;
  }
  for (const { batch, deliveredAt, what, bytes } of cleaned)
    process.stdout.write(
      `${batch}  delivered ${deliveredAt.slice(0, 10)}  ${megabytes(bytes)}${what === 'all' ? ', with its report' : ''}\n`,
    );
  const all = megabytes(cleaned.reduce((sum, { bytes }) => sum + bytes, 0));
  const verb = dryRun ? 'would go' : 'gone';
  const kept = `what was delivered within ${keepDays} days, and the latest ${keepBatches} of each target, stay`;
  process.stdout.write(`${all} of ${cleaned.length} batches ${verb}; ${kept}\n`);
  return EXIT.ok;
}

export interface CleanedEvent {
  kind: 'home.cleaned';
  batches: number;
  bytes: number;
}

const EVERY_MS = 24 * 3_600_000;
/** Not in the first moments of a worker. */
const FIRST_AFTER_MS = 60_000;

/** Until the signal aborts. A home that cannot be read is looked at again the next day. */
export async function cleanDaily(
  settings: Settings,
  onEvent: (event: CleanedEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { home, keepDays, keepBatches } = settings;
  if (keepDays === 0) return;
  for (let waitMs = FIRST_AFTER_MS; !signal.aborted; waitMs = EVERY_MS) {
    await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    const cleaned = await withShare(settings, (share) =>
      cleanHome({ home, keepDays, keepBatches, share }),
    ).catch((): Cleaned[] => []);
    const bytes = cleaned.reduce((sum, one) => sum + one.bytes, 0);
    if (cleaned.length > 0) onEvent({ kind: 'home.cleaned', batches: cleaned.length, bytes });
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
