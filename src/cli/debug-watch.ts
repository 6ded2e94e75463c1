/** `thresh debug --watch`: again whenever a file beside the target's is saved, with what changed in between. */
import { once } from 'node:events';
import { watch as watchFolder } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadChecked } from '../batch/context.js';
import { isThreshError } from '../errors.js';
import type { RenderedPage } from '../page/render.js';
import { differenceOf } from '../page/same-rows.js';
import { findTarget } from '../target/find.js';
import { plainText } from '../telemetry/plain-text.js';
import { type Look, lookAt, type WhileItStands } from './debug-look.js';

/** Until stopped; a browser that was opened once serves all looks. In a window the page stands until the next save. */
export async function watchPage(look: Look, whileItStands: WhileItStands): Promise<void> {
  const { asked, settings, signal, browser } = look;
  let before: RenderedPage | undefined;
  while (!signal.aborted) {
    const saved = new AbortController();
    const over = AbortSignal.any([signal, saved.signal]);
    const file = await findTarget(asked.ref, { targetsDir: settings.targets, cwd: process.cwd() }).catch(
      () => undefined,
    );
    const folder = file === undefined ? settings.targets : path.dirname(file);
    // Before it is loaded: what is saved meanwhile is looked at next.
    void untilSaved(folder, over).then(() => saved.abort());
    const untilOver = async (): Promise<void> => {
      process.stderr.write(`thresh: waiting for a file in ${folder} to be saved; Ctrl-C ends\n`);
      if (!over.aborted) await once(over, 'abort');
    };
    try {
      const target = await loadChecked(asked.ref, settings.targets);
      await lookAt(look, target, async (sight, lease) => {
        if (signal.aborted) return;
        await whileItStands(sight, lease);
        const now = sight.outcome.ok ? sight.outcome.rendered : undefined;
        if (before !== undefined && now !== undefined)
          process.stderr.write(`thresh: ${changeOf(before, now)}\n`);
        before = now ?? before;
        if (browser.isHeaded) await untilOver();
      });
      if (!browser.isHeaded && !signal.aborted) await untilOver();
    } catch (error) {
      if (!isThreshError(error) || error.code === 'BROWSER_UNAVAILABLE') throw error;
      process.stderr.write(
        `thresh: ${error.message
          .split('\n')
          .map((line) => plainText(line, 1_000))
          .join('\n')}\n`,
      );
      await untilOver();
    }
  }
}

function changeOf(before: RenderedPage, now: RenderedPage): string {
  const difference = differenceOf(before, now);
  return difference === undefined
    ? 'the same as before'
    : `before against now: ${plainText(difference, 400)}`;
}

/** An editor writes several times for one save. */
const SETTLE_MS = 150;

async function untilSaved(folder: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of watchFolder(folder, { signal })) break;
    await delay(SETTLE_MS, undefined, { signal });
  } catch {
    // stopped, or the folder is gone: a look from time to time is better than none
    await delay(2_000, undefined, { signal }).catch(() => undefined);
  }
}
