import { createBreather } from '../breather.js';
import { ThreshError } from '../errors.js';
import type { FollowedLink } from '../spool/record.js';
import type { PageData } from '../target/data-source.js';
import type { ResolvedTarget } from '../target/defaults.js';
import type {
  ByLabel,
  Extract,
  ExtractContext,
  ExtractRequest,
  FieldsSpec,
  FollowOptions,
  Json,
  TargetLog,
} from '../target/definition.js';
import { type FieldsQuery, fieldsQuery, type PageFields } from '../target/fields.js';
import { byLabel } from './by-label.js';

export interface Extracted {
  rows: unknown[];
  followed: FollowedLink[];
}

export interface ExtractInput {
  page: ExtractContext['page'];
  request: ExtractRequest;
  log: TargetLog;
  signal: AbortSignal;
  data: PageData;
}

/** Guards the worker's memory against an extract that yields for ever. */
const MAX_ROWS_PER_PAGE = 1_000_000;

/** How the page is read when it is read by `fields`. */
export function queryOf(target: ResolvedTarget, label: string | undefined): FieldsQuery | undefined {
  const fields = byLabel<FieldsSpec>(target.fields, label, isFieldsSpec, 'fields');
  return fields === undefined ? undefined : fieldsQuery(fields);
}

/**
 * Reads the rows of a ready page by the target's `extract` or `fields`. Rows are not yet validated.
 * `alreadyRead`: what its `fields` gave in the moment that it was ready.
 */
export async function extractRows(
  target: ResolvedTarget,
  input: ExtractInput,
  alreadyRead?: PageFields,
): Promise<Extracted> {
  const { label } = input.request;
  const followed: FollowedLink[] = [];
  const query = queryOf(target, label);
  if (query !== undefined) {
    const read = alreadyRead ?? query.parse(await input.page.evaluate(query.expression));
    const breathe = createBreather();
    for (const link of read.follow) {
      await breathe();
      addFollowed(followed, input, link.url, link.label === undefined ? {} : { label: link.label });
    }
    return { rows: read.rows, followed };
  }
  const extract = byLabel<Extract>(
    target.extract as Extract | ByLabel<Extract>,
    label,
    isFunction,
    'extract',
  );
  if (extract === undefined) throw invalid('nothing: the target has neither extract nor fields for it');
  const follow: ExtractContext['follow'] = (url, options) => addFollowed(followed, input, url, options ?? {});
  const result = extract({ ...input, follow });
  const rows = isAsyncIterable(result) ? await collectRows(result) : await collectRows(await result);
  return { rows, followed };
}

async function collectRows(result: unknown): Promise<unknown[]> {
  if (result === undefined || result === null) return [];
  if (Array.isArray(result)) return result;
  if (isAsyncIterable(result)) {
    const rows: unknown[] = [];
    for await (const row of result) {
      rows.push(row);
      if (rows.length > MAX_ROWS_PER_PAGE) throw invalid(`more than ${MAX_ROWS_PER_PAGE} rows from one page`);
    }
    return rows;
  }
  if (typeof result === 'object') return [result];
  throw invalid(`a ${typeof result}`);
}

function invalid(what: string): ThreshError {
  return new ThreshError(`extract returned ${what}`, {
    code: 'EXTRACT_INVALID',
    scope: 'page',
    mend: 'return a row (an object), an array of rows or an async iterable of rows',
  });
}

function addFollowed(
  followed: FollowedLink[],
  { page, request, log }: ExtractInput,
  url: string | URL,
  { label, data }: FollowOptions,
): void {
  const base = URL.canParse(page.url()) ? page.url() : request.url;
  const text = String(url);
  const absolute = URL.canParse(text, base) ? new URL(text, base) : undefined;
  if (absolute === undefined || !/^https?:$/.test(absolute.protocol)) {
    log.warn('link not followed: not an http(s) URL', { link: text.slice(0, 200) });
    return;
  }
  const json: Json | undefined = data === undefined ? undefined : (JSON.parse(JSON.stringify(data)) as Json);
  followed.push({
    url: absolute.href,
    ...(label === undefined ? {} : { label }),
    ...(json === undefined ? {} : { data: json }),
  });
}

function isFunction(value: unknown): value is Extract {
  return typeof value === 'function';
}

function isFieldsSpec(value: unknown): value is FieldsSpec {
  const fields = (value as { fields?: unknown }).fields;
  return typeof fields === 'object' && fields !== null;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as AsyncIterable<unknown> | null)?.[Symbol.asyncIterator] === 'function';
}
