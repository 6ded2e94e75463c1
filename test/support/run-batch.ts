/** Runs a target to its end by the real command, and hands back the books. */
import { expect } from 'vitest';
import type { Report } from '../../src/delivery/manifest.js';
import type { Lab } from './lab.js';

export interface Ran {
  code: number | null;
  report: Report;
  stderr: string;
}

/** One batch for `date`. Fails with what the command said when there is no report, or when the books do not balance. */
export async function runBatch(
  lab: Lab,
  target: string,
  { date, args = [], env = {} }: { date: string; args?: string[]; env?: Record<string, string> },
): Promise<Ran> {
  const { code, stdout, stderr } = await lab.thresh(['run', target, '--json', '--date', date, ...args], env);
  expect(stdout, stderr).toMatch(/^\{.*"pages".*\}\n$/);
  const report = JSON.parse(stdout) as Report;
  const { frontier, completed, gone, skipped, dead, unfinished } = report.pages;
  expect(completed + gone + skipped + dead + unfinished).toBe(frontier);
  const { read, delivered, duplicates, quarantined } = report.rows;
  expect(delivered + duplicates + quarantined).toBe(read);
  return { code, report, stderr };
}
