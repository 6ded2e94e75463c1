/** What a batch may fetch: robots.txt, the hosts that links may lead to. One of each for a batch. */
import type { Frontier } from '../discovery/frontier.js';
import { createHostRule } from '../discovery/hosts.js';
import { createRobots, type Robots } from '../discovery/robots.js';
import type { ResolvedTarget } from '../target/defaults.js';
import { type Admission, type AdmissionOptions, createAdmission } from './admission.js';
import type { BatchFiles } from './spec.js';

export interface Rules {
  robots: Robots;
  /** Links may lead to the hosts of discovered pages: those of the frontier, when it was made by another process. */
  seedHosts(frontier: Frontier): Promise<void>;
  admission(of: Pick<AdmissionOptions, 'frontier' | 'ledger' | 'limit' | 'taken'>): Admission;
  /** The longest Crawl-delay of the discovered origins as far as it is known; undefined when none asks for one. */
  crawlDelayMs(): Promise<number | undefined>;
}

/** Origins looked at for a Crawl-delay: a catalogue has one or a few. */
const MAX_ORIGINS = 20;

export interface RulesOptions {
  target: ResolvedTarget;
  /** What the batch's browsers call themselves. */
  userAgent: string;
  files: Pick<BatchFiles, 'robots'>;
  signal: AbortSignal;
}

export function createRules({ target, userAgent, files, signal }: RulesOptions): Rules {
  const robots = createRobots({ mode: target.robots, userAgent, file: files.robots, signal });
  const hosts = new Set<string>();
  const origins = new Set<string>();

  return {
    robots,
    async seedHosts(frontier) {
      for await (const pages of frontier.read()) {
        for (const page of pages) {
          if (page.from !== undefined) return; // all discovered pages stand before the first followed one
          const { hostname, origin } = new URL(page.url);
          hosts.add(hostname);
          if (origins.size < MAX_ORIGINS) origins.add(origin);
        }
      }
    },
    admission(of) {
      const mayFollow = createHostRule({ seeds: hosts, allowHosts: target.allowHosts });
      return createAdmission({ ...of, target, robots, mayFollow });
    },
    async crawlDelayMs() {
      const delays = await Promise.all(
        [...origins].map((origin) => robots.crawlDelayMs(origin).catch(() => undefined)),
      );
      const asked = delays.filter((delay) => delay !== undefined);
      return asked.length === 0 ? undefined : Math.max(...asked);
    },
  };
}
