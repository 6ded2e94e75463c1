/**
 * robots.txt by RFC 9309, a file an origin, asked for once: 4xx means that everything is allowed, 5xx and no answer
 * that nothing is; at most 500 KB are read.
 */
import robotsParser from 'robots-parser';
import { type FetchText, fetchText } from './fetch-text.js';

export interface Robots {
  allowed(url: string): Promise<boolean>;
  /** Crawl-delay of an origin for our user agent, ms. */
  crawlDelayMs(origin: string): Promise<number | undefined>;
}

export interface RobotsOptions {
  mode: 'respect' | 'ignore';
  /** The name that rules are looked up by. Default `Thresh`. */
  userAgent?: string;
  signal?: AbortSignal;
}

type Rules = {
  isAllowed(url: string, agent: string): boolean | undefined;
  getCrawlDelay(agent: string): number | undefined;
};

const MAX_BYTES = 500 * 1024;
const LONGEST_DELAY_MS = 120_000;
const NOTHING_SAID: Rules = { isAllowed: () => true, getCrawlDelay: () => undefined };
const NOTHING_ALLOWED: Rules = { isAllowed: () => false, getCrawlDelay: () => undefined };

export function createRobots({ mode, userAgent = 'Thresh', signal }: RobotsOptions): Robots {
  const known = new Map<string, Promise<Rules>>();

  function rulesOf(origin: string): Promise<Rules> {
    let rules = known.get(origin);
    if (rules === undefined) {
      rules = loadRules(origin, signal);
      known.set(origin, rules);
    }
    return rules;
  }

  return {
    async allowed(url) {
      if (mode === 'ignore') return true;
      const { origin } = new URL(url);
      return (await rulesOf(origin)).isAllowed(url, userAgent) ?? true;
    },
    async crawlDelayMs(origin) {
      if (mode === 'ignore') return undefined;
      const seconds = (await rulesOf(origin)).getCrawlDelay(userAgent);
      return seconds === undefined || !(seconds > 0)
        ? undefined
        : Math.min(seconds * 1_000, LONGEST_DELAY_MS);
    },
  };
}

async function loadRules(origin: string, signal: AbortSignal | undefined): Promise<Rules> {
  const url = `${origin}/robots.txt`;
  const answer: FetchText = await fetchText(url, {
    maxBytes: MAX_BYTES,
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer.status === undefined || answer.status >= 500) return NOTHING_ALLOWED;
  if (answer.status >= 400) return NOTHING_SAID;
  return (robotsParser as unknown as (url: string, text: string) => Rules)(url, answer.text);
}
