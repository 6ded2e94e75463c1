/**
 * From a URL to a target: the page is looked at, one of the sources that it has is chosen, two more pages of the kind say
 * what may be missing, and the target is written so that it fits what was seen. No more than a few pages are opened, one
 * after the other, and only where robots.txt lets them.
 */
import type { Page } from 'playwright';
import { createRobots, type Robots } from '../discovery/robots.js';
import { reasonOf, ThreshError } from '../errors.js';
import { type Columns, columnsFrom, type ProposedColumn } from './columns.js';
import { discoverFor } from './discover-for.js';
import type { FoundPage } from './found.js';
import type { JsonAnswer } from './json-answers.js';
import { type AskedSight, jsonProposal } from './json-proposal.js';
import { lookAt, sampleOf } from './look.js';
import { type Choice, choose, type Finding, type Proposal, withFieldsOf } from './proposal.js';
import { jsonSampleRows, type SampleRow } from './samples.js';
import { findSitemap, lookIntoSitemap, pagesToLookAt, type SitemapFind, waitTurn } from './site.js';
import type { TargetDraft } from './source.js';
import { isSitemapUrl } from './template.js';
import { type Visiting, visit } from './visit.js';

export interface Survey {
  /** The page that was looked at: the given one, after redirects, or the first of a sitemap. */
  url: string;
  findings: Finding[];
  answers: JsonAnswer[];
  sitemap: SitemapFind | undefined;
  /** The best first: by the page's own answers where they have all of it, and what is drawn. */
  drafts: [TargetDraft, ...TargetDraft[]];
  /** Pages to try the target on; the looked at one first, the others as far as possible not seen before. */
  toTry: string[];
  /** Why other pages were not looked at, each with a line. */
  notes: string[];
  /** To be awaited before each further page of the site: as long as its robots.txt asks for. */
  turn: () => Promise<void>;
}

const PAGES = 3;
const ROBOTS_LIMIT_MS = 30_000;
const ROBOTS_GAP_MS = 100;

/**
 * @throws ThreshError when the page cannot be opened or robots.txt forbids it (URL_REFUSED), and EXTRACT_FAILED when
 * nothing on it looks like data
 */
export async function survey(name: string, given: URL, visiting: Visiting): Promise<Survey> {
  const { pool, signal } = visiting;
  const userAgent = await pool.userAgent();
  const robots = createRobots({ mode: 'respect', userAgent, signal, gapMs: ROBOTS_GAP_MS });
  const site = { userAgent, signal };
  const fromSitemap = isSitemapUrl(given) ? await lookIntoSitemap(given.href, site) : undefined;
  const first = fromSitemap?.pages[0] ?? given.href;
  await mayOpen(first, robots, signal);

  const looked = await visit(first, (page) => sightOf(page), visiting);
  const { found, choice } = looked.value;
  const { url } = found;
  if (new URL(url).origin !== new URL(first).origin) await mayOpen(url, robots, signal);
  const { proposal: chosen, findings } = choice;
  const sights: AskedSight[] = [{ url, rows: looked.value.rows, answers: looked.answers }];
  if (chosen === undefined || looked.value.rows.length === 0) throw nothingFound(url);

  const sitemap = fromSitemap ?? (await findSitemap(url, robots, site));
  const discover = discoverFor(found, { sitemap, isList: chosen.isList });
  const others = (await allowed(discover.pages, robots)).filter((other) => other !== url && other !== first);
  const most = await pagesToLookAt(robots, new URL(url).origin, PAGES);
  const turn = (): Promise<void> => waitTurn(robots, new URL(url).origin, signal);
  const notes: string[] = [];
  let proposal = chosen;
  for (const other of others.slice(0, most - 1)) {
    await turn();
    try {
      const { value, answers } = await visit(other, (page) => sightOf(page, proposal), visiting);
      proposal = value.proposal;
      sights.push({ url: value.found.url, rows: value.rows, answers });
    } catch (error) {
      signal.throwIfAborted();
      notes.push(`${other} was left out: ${reasonOf(error)}`);
    }
  }
  const drawn = columnsOf(
    proposal,
    sights.flatMap(({ rows }) => rows),
  );
  const { answers } = looked;
  const byPage: TargetDraft = {
    ...{ name, url, proposal, ...drawn, answers },
    ready: readyOf(proposal, drawn.columns, drawn.key),
    discover: discover.proposed,
  };
  const asked = askedInstead(proposal, drawn, sights);
  if (asked.note !== undefined) notes.push(asked.note);
  const fresh = others.slice(most - 1);
  return {
    url,
    findings,
    answers,
    sitemap,
    drafts: asked.draft === undefined ? [byPage] : [{ ...byPage, ...asked.draft }, byPage],
    toTry: [url, ...fresh, ...others.slice(0, most - 1)].slice(0, most),
    notes,
    turn,
  };
}

function columnsOf(proposal: Proposal, rows: readonly SampleRow[]): Columns {
  return withKey(proposal, columnsFrom(proposal, rows));
}

/** The same by the page's answers, where they have all of it; what they lack where they have some. */
function askedInstead(
  { isList }: Proposal,
  drawn: Columns,
  sights: readonly AskedSight[],
): { draft?: Pick<TargetDraft, 'proposal' | 'columns' | 'key'>; note?: string } {
  const { proposal, lacks } = jsonProposal(drawn.columns, { isList, sights });
  if (proposal === undefined)
    return lacks.length === 0 || lacks.length > drawn.columns.length / 2
      ? {}
      : { note: `what the page asks for has its rows but for ${lacks.join(', ')}` };
  const rows = sights.flatMap((sight) => jsonSampleRows(proposal, sight));
  const columns = columnsOf(proposal, rows);
  return columns.key.length === 0 ? {} : { draft: { proposal, ...columns } };
}

interface Sight {
  found: FoundPage;
  choice: Choice;
  proposal: Proposal;
  rows: SampleRow[];
}

/** What a page has, and its rows: by what was chosen before and what this page has more than that. */
async function sightOf(page: Page): Promise<Omit<Sight, 'proposal'>>;
async function sightOf(page: Page, before: Proposal): Promise<Sight>;
async function sightOf(page: Page, before?: Proposal): Promise<Omit<Sight, 'proposal'> & Partial<Sight>> {
  const found = await lookAt(page);
  const choice = choose(found);
  const proposal = before === undefined ? choice.proposal : withFieldsOf(before, choice.proposal);
  const rows = proposal === undefined ? [] : await sampleOf(page, proposal, async () => []);
  return { found, choice, rows, ...(proposal === undefined ? {} : { proposal }) };
}

async function mayOpen(url: string, robots: Robots, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(ROBOTS_LIMIT_MS);
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(refused(`the robots.txt of ${url} does not answer`)), {
      once: true,
    });
  });
  late.catch(() => undefined);
  const isAllowed = await Promise.race([robots.allowed(url), late]);
  signal.throwIfAborted();
  if (!isAllowed) throw refused(`robots.txt forbids ${url}`);
}

async function allowed(urls: readonly string[], robots: Robots): Promise<string[]> {
  const kept: string[] = [];
  for (const url of urls.slice(0, PAGES * 4))
    if (await robots.allowed(url).catch(() => false)) kept.push(url);
  return kept;
}

/** A page without a name of its own is named by its address, where `extract` can say so. */
function withKey({ source, isList }: Proposal, { columns, key }: Columns): Columns {
  const [first = ''] = key;
  const isWeak = key.length === 0 || /^(?:title|name|headline)$/.test(first);
  const saysAddress = source === 'json-ld' || source === 'json';
  const takesAddress = saysAddress && !isList && isWeak && !columns.some(({ name }) => name === 'url');
  if (!takesAddress) return { columns, key };
  const field = { from: 'address' as const, name: 'url' };
  return {
    columns: [...columns, { field, name: 'url', kind: 'string', optional: false, example: '' }],
    key: ['url'],
  };
}

/** The element of the first column of the key: where it stands, the row does. */
function readyOf(
  { source, rows, root }: Proposal,
  columns: readonly ProposedColumn[],
  key: readonly string[],
): string {
  if (source === 'json-ld') return 'script[type="application/ld+json" i]';
  const field = columns.find(({ name }) => name === key[0])?.field;
  const own = field !== undefined && 'select' in field ? field : undefined;
  const held = own === undefined || own.attribute === null ? '' : `[${own.attribute}]`;
  const withHeld = (selector: string): string => (selector.endsWith(held) ? selector : `${selector}${held}`);
  if (rows !== undefined) {
    if (own === undefined || own.select.includes(':scope')) return rows;
    return own.select === '' ? withHeld(rows) : `${rows} ${withHeld(own.select)}`;
  }
  if (root !== undefined) return own?.select === root ? withHeld(root) : root;
  return own?.select ?? 'body';
}

function nothingFound(url: string): ThreshError {
  return new ThreshError(`nothing on ${url} looks like rows`, { code: 'EXTRACT_FAILED', scope: 'page' });
}

function refused(message: string): ThreshError {
  return new ThreshError(message, { code: 'URL_REFUSED', scope: 'page' });
}
