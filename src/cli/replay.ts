/**
 * A page out of a file instead of the network. A HAR answers what it has recorded; a saved HTML is the document and all
 * that there is, without its scripts, since they have done their work already. Nothing reaches the network: what the
 * file does not answer is refused, and behind that stands a proxy that leads nowhere.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright';
import { reasonOf, ThreshError } from '../errors.js';
import { openDeadEnd, samePage, standIn } from '../page/offline.js';
import type { Sessions } from '../page/sessions.js';

export interface ReplayFile {
  /** Absolute. */
  path: string;
  /** The page that it is of; undefined: of a HAR the first document in it. */
  url: string | undefined;
  /** Of a saved HTML: they run. */
  scripts: boolean;
}

export interface Replay {
  path: string;
  url: string;
  /** Without a login, and with no way out. */
  sessions: Sessions;
  /** Before the page goes anywhere. */
  begin(page: Page): Promise<void>;
  close(): Promise<void>;
}

/** Throws USAGE when the file cannot be read, or has no such page. */
export async function openReplay(file: ReplayFile): Promise<Replay> {
  const text = await readFile(file.path, 'utf8').catch((error: unknown) => {
    throw wrong(`${file.path} cannot be read: ${reasonOf(error)}`, 'name a saved .html or a .har');
  });
  const saved = isHar(file.path) ? ofHar(file, text) : ofHtml(file, text);
  return { ...saved, path: file.path, ...(await openDeadEnd()) };
}

/** What `--save` writes and `--replay` reads. */
export function isHar(file: string): boolean {
  return path.extname(file).toLowerCase() === '.har';
}

type Saved = Pick<Replay, 'url' | 'begin'>;

interface HarEntry {
  request: { url: string };
  response: { content: { mimeType?: string } };
}

function ofHar({ path: file, url: wanted }: ReplayFile, text: string): Saved {
  const entries = entriesOf(file, text);
  const first = entries.find(({ response }) => /html/i.test(response.content.mimeType ?? ''));
  const url = wanted ?? first?.request.url;
  if (url === undefined)
    throw wrong(`${file} has no document in it`, 'record one: thresh debug … --save FILE.har');
  if (!entries.some(({ request }) => samePage(request.url, url)))
    throw wrong(`${file} has no answer for ${url}`, `it is of ${first?.request.url ?? 'other pages'}`);
  return { url, begin: (page) => page.routeFromHAR(file, { notFound: 'abort' }) };
}

function entriesOf(file: string, text: string): HarEntry[] {
  try {
    const { entries } = (JSON.parse(text) as { log: { entries: HarEntry[] } }).log;
    if (Array.isArray(entries)) return entries;
  } catch {
    // said below
  }
  throw wrong(`${file} is no HAR`, 'record one: thresh debug … --save FILE.har');
}

function ofHtml({ path: file, url, scripts }: ReplayFile, html: string): Saved {
  if (url === undefined) throw wrong(`of which page is ${file}?`, `thresh debug TARGET URL --replay ${file}`);
  return { url, begin: (page) => standIn(page, { url, html, scripts }) };
}

function wrong(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
