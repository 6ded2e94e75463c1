/** `thresh failures BATCH`: its dead letters by cause; `--retry` puts them back and runs the batch to its end again. */
import path from 'node:path';
import { workFiles } from '../batch/aggregating.js';
import { batchFiles } from '../batch/spec.js';
import { retryDead, standingOf } from '../batch/steer.js';
import { groupDead } from '../batch/summaries.js';
import type { Settings } from '../settings.js';
import { plainText } from '../telemetry/plain-text.js';
import { carryBatch } from './carry-batch.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { pagesAtOnce } from './pages-at-once.js';
import { requireAggregated } from './require-aggregated.js';
import { bringHome, withShare } from './share.js';

export interface FailuresOptions {
  retry?: boolean;
  json?: boolean;
}

export async function failures(
  batch: string,
  options: FailuresOptions,
  settings: Settings,
): Promise<ExitCode> {
  await bringHome(settings, batch);
  const standing = await standingOf(settings.home, batch);
  const files = batchFiles(settings.home, batch);
  // Also before a retry: what failed before it had all its pages must not be delivered with those that it has.
  await requireAggregated(standing, files);
  const groups = await groupDead(workFiles(files).dead);
  const pages = groups.reduce((sum, group) => sum + group.pages, 0);
  if (options.retry === true && pages > 0) {
    const { spec } = await withShare(settings, (share) => retryDead(settings.home, batch, share));
    const atOnce = pagesAtOnce(spec.concurrency);
    return carryBatch(
      { open: async () => ({ spec, resumedFrom: 'fetching' }), ...atOnce, json: options.json === true },
      settings,
    );
  }
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(groups)}\n`);
    return EXIT.ok;
  }
  const lines = [pages === 0 ? `${batch} has no dead letters` : `${pages} dead letters in ${batch}`];
  for (const group of groups) {
    lines.push('', `${String(group.pages).padStart(6)}  ${group.code}  ${plainText(group.message, 200)}`);
    for (const example of group.examples) {
      lines.push(`        page ${example.page}  ${plainText(example.url, 200)}`);
      for (const kept of [example.screenshot, example.html, example.trace])
        if (kept !== undefined) lines.push(`          ${path.join(files.dir, kept)}`);
    }
  }
  if (pages > 0) lines.push('', `try them again: thresh failures ${batch} --retry`);
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.ok;
}
