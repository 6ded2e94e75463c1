/** `thresh debug TARGET URL`: one page through the same steps as in a batch, without a queue, with a person looking on. */
import type { Lease } from '../../browser-pool/index.js';
import { loadChecked } from '../batch/context.js';
import { ThreshError } from '../errors.js';
import type { RenderOutcome } from '../page/render.js';
import type { Settings } from '../settings.js';
import { type AskedOptions, askedPage } from './asked-page.js';
import { type Look, type LookOptions, lookAt, type Sight } from './debug-look.js';
import { debugJson, debugText } from './debug-view.js';
import { watchPage } from './debug-watch.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { openBrowser } from './one-page-browser.js';
import { isHar } from './replay.js';
import { onStopSignals } from './stop-signals.js';

export interface DebugOptions extends AskedOptions, LookOptions {
  /** Again whenever the target's file is saved. */
  watch?: boolean;
  json?: boolean;
}

/** Throws TARGET_INVALID, USAGE, BROWSER_UNAVAILABLE. */
export async function debug(
  ref: string | undefined,
  url: string | undefined,
  options: DebugOptions,
  settings: Settings,
): Promise<ExitCode> {
  if (options.save !== undefined && !isHar(options.save))
    throw wrong(`--save ${options.save}: it writes a HAR`, 'name it so: --save page.har');
  const asked = await askedPage(ref, url, options, settings.home);
  const stopping = new AbortController();
  const { signal } = stopping;
  const signals = onStopSignals({
    first: () => stopping.abort(interrupted()),
    second: () => process.exit(EXIT.interrupted),
  });
  const browser = openBrowser(options, settings);
  const look: Look = { asked, options, settings, browser, signal };
  const show = async (sight: Sight, lease: Lease | undefined): Promise<void> => {
    if (signal.aborted) return;
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(debugJson(sight))}\n`
        : debugText(sight, process.stdout.columns),
    );
    if (options.pause === true && lease !== undefined) await paused(lease, signal);
  };
  try {
    if (options.watch === true) {
      await watchPage(look, show);
      return EXIT.ok;
    }
    const sight = await lookAt(look, await loadChecked(asked.ref, settings.targets), show);
    if (signal.aborted) return EXIT.interrupted;
    return sight.outcome.ok && refusedRows(sight.outcome) === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await browser.close();
    signals.release();
  }
}

/** Until the inspector's "resume", the window is closed, or Ctrl-C. */
async function paused({ page, lost }: Lease, signal: AbortSignal): Promise<void> {
  process.stderr.write(
    "thresh: paused; press Resume in Playwright's inspector, close the window, or Ctrl-C\n",
  );
  const left = new Promise<void>((resolve) => {
    for (const leaving of [lost, signal]) {
      if (leaving.aborted) resolve();
      leaving.addEventListener('abort', () => resolve(), { once: true });
    }
  });
  await Promise.race([page.pause().catch(() => undefined), left]);
}

function refusedRows({ rendered }: Extract<RenderOutcome, { ok: true }>): number {
  return rendered.outcome === 'completed' ? rendered.quarantined.length : 0;
}

function wrong(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}

function interrupted(): ThreshError {
  return new ThreshError('interrupted', { code: 'INTERRUPTED', scope: 'page' });
}
