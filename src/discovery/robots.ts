/**
 * robots.txt by RFC 9309, a file an origin. It is asked for at most once in 24 hours; 4xx and redirects that do not end
 * mean that everything is allowed; at most 500 KB are read. 429, 5xx and no answer, after several tries, mean that
 * nothing may be fetched: not a silent skip of every page but a failure that says so, unless an older copy is at hand.
 * 429 is not taken for the "unavailable" of other 4xx: who is told to slow down has not been told that there are no rules.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import robotsParser from 'robots-parser';
import { createBreather } from '../breather.js';
import { ThreshError } from '../errors.js';
import { fetchText } from './fetch-text.js';
import { robotsName } from './user-agent.js';

export interface Robots {
  /** Throws DISCOVERY_FAILED when the rules cannot be had. */
  allowed(url: string): Promise<boolean>;
  /** Crawl-delay of an origin for our user agent, ms. Throws as `allowed`. */
  crawlDelayMs(origin: string): Promise<number | undefined>;
  /** The sitemaps that an origin names, as they are written there. Throws as `allowed`. */
  sitemaps(origin: string): Promise<string[]>;
}

export interface RobotsOptions {
  mode: 'respect' | 'ignore';
  /** Sent with the request; its product token is what rules are looked up by. Default the farm's own. */
  userAgent?: string | undefined;
  /** Where the copies are kept, for another process that goes on with the same work. Default nowhere. */
  file?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Epoch ms. Default the clock. */
  now?: () => number;
  /** Before the second try, ms. Default 1,000. */
  gapMs?: number;
}

interface Rules {
  isAllowed(url: string, agent: string): boolean | undefined;
  getCrawlDelay(agent: string): number | undefined;
  getSitemaps(): string[];
}

/** What an origin said, and when; '' when there are no rules. */
interface Copy {
  atMs: number;
  text: string;
}

interface Known {
  rules: Promise<Rules>;
  untilMs: number;
}

const MAX_BYTES = 500 * 1024;
const LONGEST_DELAY_MS = 120_000;
const FRESH_MS = 24 * 3_600_000;
/** An origin that did not answer is not asked again for every page. */
const UNREACHED_MS = 5 * 60_000;
const MAX_KEPT = 20;

export function createRobots(options: RobotsOptions): Robots {
  const { mode, userAgent, file, now = Date.now } = options;
  const name = robotsName(userAgent);
  const known = new Map<string, Known>();
  /** A URL against 500 KB of rules takes ms, and whole portions are asked for at once: one after the other. */
  let judging: Promise<unknown> = Promise.resolve();
  const breathe = createBreather();
  let copies: Promise<Record<string, Copy>> | undefined;
  let kept: Promise<void> = Promise.resolve();

  function rulesOf(origin: string): Promise<Rules> {
    let entry = known.get(origin);
    if (entry === undefined || entry.untilMs <= now()) {
      const made: Known = { rules: load(origin), untilMs: Number.POSITIVE_INFINITY };
      made.rules.then(
        () => undefined,
        () => {
          made.untilMs = now() + UNREACHED_MS;
        },
      );
      known.set(origin, made);
      entry = made;
    }
    return entry.rules;
  }

  async function load(origin: string): Promise<Rules> {
    copies ??= readCopies(file);
    const all = await copies;
    const old = all[origin];
    const fresh = old !== undefined && now() - old.atMs < FRESH_MS ? old : await ask(origin, old);
    if (fresh !== old) {
      if (origin in all || Object.keys(all).length < MAX_KEPT) all[origin] = fresh;
      kept = kept.then(() => writeCopies(file, all)).catch(() => undefined); // a full disk: asked for again next time
      await kept;
    }
    const entry = known.get(origin);
    if (entry !== undefined) entry.untilMs = Math.max(fresh.atMs + FRESH_MS, now() + UNREACHED_MS);
    return (robotsParser as unknown as (url: string, text: string) => Rules)(
      `${origin}/robots.txt`,
      fresh.text,
    );
  }

  async function ask(origin: string, old: Copy | undefined): Promise<Copy> {
    const { signal, gapMs } = options;
    const answer = await fetchText(`${origin}/robots.txt`, {
      maxBytes: MAX_BYTES,
      userAgent,
      signal,
      ...(gapMs === undefined ? {} : { gapMs }),
    });
    const { status, text } = answer;
    if (status === undefined || status === 429 || status >= 500) {
      if (old !== undefined) return old;
      throw unreached(origin, answer.problem);
    }
    return { atMs: now(), text: status < 300 ? text : '' };
  }

  return {
    async allowed(url) {
      if (mode === 'ignore') return true;
      const { origin } = new URL(url);
      const rules = await rulesOf(origin);
      const judged = judging.then(async () => {
        await breathe();
        return rules.isAllowed(url, name) ?? true;
      });
      judging = judged.catch(() => undefined);
      return judged;
    },
    async crawlDelayMs(origin) {
      if (mode === 'ignore') return undefined;
      const seconds = (await rulesOf(origin)).getCrawlDelay(name);
      return seconds === undefined || !(seconds > 0)
        ? undefined
        : Math.min(seconds * 1_000, LONGEST_DELAY_MS);
    },
    async sitemaps(origin) {
      return (await rulesOf(origin)).getSitemaps();
    },
  };
}

async function readCopies(file: string | undefined): Promise<Record<string, Copy>> {
  if (file === undefined) return {};
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, Copy>;
  } catch {
    return {}; // none yet, or torn by a kill: asked for again
  }
}

async function writeCopies(file: string | undefined, copies: Record<string, Copy>): Promise<void> {
  if (file === undefined) return;
  await writeFile(`${file}.tmp`, JSON.stringify(copies));
  await rename(`${file}.tmp`, file);
}

function unreached(origin: string, problem = 'no answer'): ThreshError {
  return new ThreshError(`${origin}/robots.txt cannot be had (${problem}): nothing may be fetched`, {
    code: 'DISCOVERY_FAILED',
    scope: 'batch',
    retry: 'later',
    mend: "try again when the site answers; a site that may be fetched without asking takes `robots: 'ignore'`",
  });
}
