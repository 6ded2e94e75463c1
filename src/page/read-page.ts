/** The rows of a page that shows what it is: read by the target, validated, and not without data that was refused. */
import type { Lease } from '../../browser-pool/index.js';
import type { FollowedLink } from '../spool/record.js';
import type { PageData } from '../target/data-source.js';
import type { PageFields } from '../target/fields.js';
import { htmlOf } from './artifacts.js';
import { extractRows } from './extract.js';
import { refusedData } from './refused-data.js';
import type { PageTask, RenderDeps } from './render.js';
import { type ValidatedRows, validateRows } from './validate.js';

export interface ReadPage extends ValidatedRows {
  followed: FollowedLink[];
  html?: string;
  /** It gave something, and nothing that the schema refused. */
  isWhole: boolean;
  /** As `performance.now` counts: the target's functions were done. */
  extractedAt: number;
}

export interface Reading {
  lease: Lease;
  signal: AbortSignal;
  /** ISO time. */
  fetchedAt: string;
  /** Of a page that was read by its `fields` in the moment that it was ready. */
  alreadyRead?: PageFields | undefined;
  /** What the target's `data` names; empty without. */
  data: PageData;
}

/** Characters; what is longer is cut. */
const MAX_KEPT_HTML = 16 * 1024 * 1024;

/** Throws what the target's functions throw, and PAGE_BLOCKED when the page lacks data that it was refused. */
export async function readPage(
  { page, request, log }: PageTask,
  { target, encode }: RenderDeps,
  { lease, signal, fetchedAt, alreadyRead, data }: Reading,
): Promise<ReadPage> {
  const readyAtMs = Date.now();
  const { definition } = target;
  const html = definition.keep === 'html' ? await htmlOf(lease.page, MAX_KEPT_HTML) : undefined;
  const { rows: found, followed } = await extractRows(
    definition,
    { page: lease.page, request, log, signal, data },
    alreadyRead,
  );
  const extractedAt = performance.now();
  const origin = { page, url: request.url, attempt: request.attempt, fetchedAt };
  const validated = await validateRows(definition.schema, found, { origin, encode });
  const isWhole = validated.rows.length + followed.length > 0 && validated.quarantined.length === 0;
  await lease.answers.catchUp();
  // What was refused before and did not keep the page from being ready is not needed; what reading it led to is.
  const refused = refusedData(lease.answers, { sinceMs: isWhole ? readyAtMs : 0 });
  if (refused !== undefined) throw refused;
  return { ...validated, followed, isWhole, extractedAt, ...(html === undefined ? {} : { html }) };
}
