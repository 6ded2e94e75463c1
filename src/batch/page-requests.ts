/** Pages that were delivered as they are asked for again: with the label and data that they had. */
import { stat } from 'node:fs/promises';
import { discover } from '../discovery/discover.js';
import { openFrontier } from '../discovery/frontier.js';
import type { ResolvedTarget } from '../target/defaults.js';
import type { PageRequest } from '../target/definition.js';
import { isFieldsSpec } from '../target/field-spec.js';
import { batchFiles } from './spec.js';

export interface RequestsOptions {
  home: string;
  /** The batch that delivered them. */
  batch: string;
  target: ResolvedTarget;
  userAgent?: string | undefined;
  signal?: AbortSignal;
}

/** What is not found among so many is not looked for any further. */
const MOST_DISCOVERED = 100_000;

/**
 * By URL. From the batch's frontier, where this home has it; else from the target's discovery, where that can say more
 * than a URL. A page that neither names is missing where only a label tells how it is read, and else asked for by its
 * URL alone. Throws DISCOVERY_FAILED.
 */
export async function requestsOf(
  urls: readonly string[],
  options: RequestsOptions,
): Promise<Map<string, PageRequest>> {
  const { target } = options;
  const known = (await fromFrontier(urls, options)) ?? (await fromDiscovery(urls, options));
  if (isReadByLabel(target)) return known;
  return new Map(urls.map((url) => [url, known.get(url) ?? { url }]));
}

/** Undefined when it is not here. */
async function fromFrontier(
  urls: readonly string[],
  { home, batch }: RequestsOptions,
): Promise<Map<string, PageRequest> | undefined> {
  const file = batchFiles(home, batch).frontier;
  const isHere = await stat(file).then(
    () => true,
    () => false,
  );
  if (!isHere) return undefined;
  const frontier = await openFrontier(file);
  try {
    return await found(urls, frontier.read());
  } finally {
    await frontier.close();
  }
}

async function fromDiscovery(
  urls: readonly string[],
  { target, userAgent, signal }: RequestsOptions,
): Promise<Map<string, PageRequest>> {
  const saysMore = !isSitemap(target.discover) || target.discover.options.label !== undefined;
  if (!saysMore) return new Map();
  return found(urls, portions(discover(target.discover, { userAgent, signal })));
}

async function found(
  urls: readonly string[],
  pages: AsyncIterable<readonly PageRequest[]>,
): Promise<Map<string, PageRequest>> {
  const wanted = new Set(urls);
  const requests = new Map<string, PageRequest>();
  for await (const portion of pages) {
    for (const { url, label, data } of portion) {
      if (!wanted.has(url) || requests.has(url)) continue;
      requests.set(url, {
        url,
        ...(label === undefined ? {} : { label }),
        ...(data === undefined ? {} : { data }),
      });
    }
    if (requests.size === wanted.size) break;
  }
  return requests;
}

async function* portions(pages: AsyncIterable<PageRequest>): AsyncGenerator<readonly PageRequest[]> {
  let count = 0;
  for await (const page of pages) {
    yield [page];
    count += 1;
    if (count >= MOST_DISCOVERED) return;
  }
}

function isReadByLabel({ extract, fields }: ResolvedTarget): boolean {
  return typeof extract === 'object' || (fields !== undefined && !isFieldsSpec(fields));
}

function isSitemap(
  source: ResolvedTarget['discover'],
): source is Extract<ResolvedTarget['discover'], { kind: 'sitemap' }> {
  return (source as { kind?: unknown }).kind === 'sitemap';
}
