/**
 * The pages of a batch that reads those of another again: the same frontier, number by number, each page with what the
 * other batch has of it. What it kept is read; what it found gone, skipped or dead stays so; of a page that gave no row
 * and of which nothing was kept it is taken over that there is none.
 *
 * Memory is a few bytes a page: where the commit that counts for it stands.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { createBreather } from '../breather.js';
import type { Frontier, FrontierPage, NewPage } from '../discovery/frontier.js';
import { fingerprint, normaliseUrl } from '../discovery/normalise.js';
import type { PageLedger } from '../queue/page-ledger.js';
import type { KeptPage, PageFailure, PageOutcome, PageRecord } from '../spool/record.js';
import { readAllGroups } from '../spool/segment-reader.js';
import { supersedes } from '../spool/which-counts.js';
import type { ResolvedTarget } from '../target/defaults.js';
import type { Json } from '../target/definition.js';

/** What the other batch has of a page. */
export interface PageBefore {
  kept?: KeptPage;
  /** It ends so here as well, and is not read. */
  was?: { outcome: PageOutcome; attempt: number; failure?: PageFailure };
}

export interface CopyInput {
  /** The other batch's. */
  from: Frontier;
  segments: string;
  to: Frontier;
  target: ResolvedTarget;
  ledger: PageLedger;
  publish: () => Promise<void>;
  signal: AbortSignal;
}

/** Of a page in the frontier of such a batch. */
export function beforeOf({ before }: FrontierPage): PageBefore {
  return (before ?? {}) as PageBefore;
}

/** Fills the frontier with the pages of the other batch. Returns how many there are. */
export async function copyPages(input: CopyInput): Promise<number> {
  const { from, to, target, ledger, signal } = input;
  const commits = await findCommits(input.segments, from.size);
  let copied = 0;
  try {
    for await (const pages of from.read()) {
      signal.throwIfAborted();
      const copies: NewPage[] = [];
      for (const { n, ...page } of pages) {
        const before = pageBefore(await commits.read(n));
        copies.push({ ...page, ...(before === undefined ? {} : { before: before as unknown as Json }) });
      }
      const identities = pages.map(({ url }) => normaliseUrl(url, target.url) ?? url);
      await ledger.addSeen(identities.map(fingerprint));
      await to.append(copies);
      copied += copies.length;
      await input.publish();
    }
  } finally {
    await commits.close();
  }
  return copied;
}

/** Undefined where nothing is known of it: it ends as a dead letter that says so. */
function pageBefore(record: PageRecord | undefined): PageBefore | undefined {
  if (record === undefined) return undefined;
  const { outcome, attempt, failure, kept, rows, quarantined } = record;
  if (kept !== undefined) return { kept };
  if (outcome === 'completed' && rows + quarantined > 0) return undefined;
  if (failure === undefined) return { was: { outcome, attempt } };
  const { screenshot: _, html: __, trace: ___, cookies: ____, ...plain } = failure; // files of the other batch
  return { was: { outcome, attempt, failure: plain } };
}

interface Commits {
  /** The commit that counts for a page. */
  read(page: number): Promise<PageRecord | undefined>;
  close(): Promise<void>;
}

async function findCommits(segments: string, pages: number): Promise<Commits> {
  const files: string[] = [];
  const handles: FileHandle[] = [];
  const fileOf = new Int32Array(pages).fill(-1);
  const startOf = new Float64Array(pages);
  const bytesOf = new Int32Array(pages);

  async function read(page: number): Promise<PageRecord | undefined> {
    const at = fileOf[page] ?? -1;
    const file = files[at];
    if (file === undefined) return undefined;
    handles[at] ??= await open(file, 'r');
    const line = Buffer.alloc(bytesOf[page] ?? 0);
    await handles[at]?.read(line, 0, line.length, startOf[page] ?? 0);
    return JSON.parse(line.toString('utf8')) as PageRecord;
  }

  const breathe = createBreather();
  for await (const { page, place, commitBytes } of readAllGroups(segments)) {
    await breathe();
    const n = page.page;
    if (n < 0 || n >= pages) continue;
    const other = await read(n);
    if (other !== undefined && !supersedes(page, other)) continue;
    if (files.at(-1) !== place.file) files.push(place.file);
    fileOf[n] = files.length - 1;
    startOf[n] = place.start + place.bytes;
    bytesOf[n] = commitBytes;
  }
  return {
    read,
    async close() {
      for (const handle of handles) await handle?.close();
    },
  };
}
