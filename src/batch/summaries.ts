/** Dead letters by cause and refused rows by zod path and code, counted from their files, streamed. */
import { recordsOf } from '../spool/lines.js';
import type { PageRecord, QuarantinedRecord } from '../spool/record.js';

export interface QuarantineGroup {
  path: string;
  code: string;
  message: string;
  rows: number;
  examples: { url: string; value: unknown }[];
}

export interface DeadGroup {
  code: string;
  message: string;
  pages: number;
  examples: { page: number; url: string; screenshot?: string; html?: string; trace?: string }[];
}

const EXAMPLES = 3;

export async function summariseDead(file: string): Promise<Record<string, number>> {
  const groups = await groupDead(file);
  const byCode: Record<string, number> = {};
  for (const group of groups) byCode[group.code] = (byCode[group.code] ?? 0) + group.pages;
  return byCode;
}

/** Largest group first. Messages that differ only in URL or figures are one cause. */
export async function groupDead(file: string): Promise<DeadGroup[]> {
  const groups = new Map<string, DeadGroup>();
  for await (const record of recordsOf<PageRecord>(file)) {
    const { failure } = record;
    if (failure === undefined) continue;
    const message = failure.message.replace(record.url, 'URL').replace(/https?:\/\/\S+/g, 'URL');
    const cause = `${failure.code} ${message.replace(/\d+/g, '#')}`;
    const group = groups.get(cause) ?? { code: failure.code, message, pages: 0, examples: [] };
    group.pages += 1;
    if (group.examples.length < EXAMPLES) {
      const { screenshot, html, trace } = failure;
      group.examples.push({
        page: record.page,
        url: record.url,
        ...(screenshot === undefined ? {} : { screenshot }),
        ...(html === undefined ? {} : { html }),
        ...(trace === undefined ? {} : { trace }),
      });
    }
    groups.set(cause, group);
  }
  return [...groups.values()].sort((a, b) => b.pages - a.pages);
}

/** Largest group first; a row with several issues counts in each. */
export async function summariseQuarantine(file: string): Promise<QuarantineGroup[]> {
  const groups = new Map<string, QuarantineGroup>();
  for await (const record of recordsOf<QuarantinedRecord>(file)) {
    for (const issue of record.issues) {
      const path = issue.path.replace(/\.\d+(?=\.|$)/g, '[]');
      const id = `${path}\u0000${issue.code}`;
      const group = groups.get(id) ?? {
        path,
        code: issue.code,
        message: issue.message,
        rows: 0,
        examples: [],
      };
      group.rows += 1;
      if (group.examples.length < EXAMPLES)
        group.examples.push({ url: record.url, value: valueAt(record.row, issue.path) });
      groups.set(id, group);
    }
  }
  return [...groups.values()].sort((a, b) => b.rows - a.rows);
}

function valueAt(row: unknown, path: string): unknown {
  let value = row;
  for (const name of path === '' ? [] : path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string' ? value.slice(0, 200) : value;
}
