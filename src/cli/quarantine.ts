/** `thresh quarantine BATCH`: the rows that the schema refused, by zod path and code, with examples. */
import { workFiles } from '../batch/aggregating.js';
import { batchFiles } from '../batch/spec.js';
import { standingOf } from '../batch/steer.js';
import { summariseQuarantine } from '../batch/summaries.js';
import type { Settings } from '../settings.js';
import { plainText } from '../telemetry/plain-text.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { requireAggregated } from './require-aggregated.js';
import { bringHome } from './share.js';

export async function quarantine(
  batch: string,
  options: { json?: boolean },
  settings: Settings,
): Promise<ExitCode> {
  await bringHome(settings, batch);
  const standing = await standingOf(settings.home, batch);
  const files = batchFiles(settings.home, batch);
  await requireAggregated(standing, files);
  const { quarantined } = workFiles(files);
  const groups = await summariseQuarantine(quarantined);
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(groups)}\n`);
    return EXIT.ok;
  }
  const lines = [
    groups.length === 0 ? `${batch} has no refused rows` : `refused rows of ${batch}, by what was wrong`,
  ];
  for (const group of groups) {
    lines.push(
      '',
      `${String(group.rows).padStart(6)}  ${plainText(group.path || '(row)', 80)}  ${group.code}  ${plainText(group.message, 200)}`,
    );
    for (const { url, value } of group.examples) {
      lines.push(`        ${plainText(JSON.stringify(value) ?? 'missing', 120)}  ${plainText(url, 200)}`);
    }
  }
  if (groups.length > 0) lines.push('', `all of them: ${quarantined}`);
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.ok;
}
