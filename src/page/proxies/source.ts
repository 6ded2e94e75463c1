/**
 * Where a target's proxies come from: its own list, or what its provider gives. A provider is asked again every ten
 * minutes beside the work, and when all proxies are out; while it fails, or gives what is no list, the last good one holds.
 */
import { reasonOf } from '../../errors.js';
import type { ResolvedTarget } from '../../target/defaults.js';
import { proxyListProblems, withoutCredentials } from '../../target/proxy-urls.js';

export interface ProxySource {
  /** The last good list; empty as long as there was none. */
  list(): Promise<readonly string[]>;
  /** Has the provider asked, unless that was just done, and waits for its answer. */
  renew(): Promise<void>;
  /** Why there is no newer list; undefined when the provider's last answer was one. */
  failure(): string | undefined;
}

export interface ProxySourceOptions {
  given: NonNullable<ResolvedTarget['proxies']>;
  now: () => number;
  /** The provider failed, for this reason; told once until it answers again. */
  onMissed: (reason: string) => void;
}

const RENEW_MS = 10 * 60_000;
const ASK_AGAIN_MS = 5_000;
const ANSWER_LIMIT_MS = 30_000;

export function createProxySource({ given, now, onMissed }: ProxySourceOptions): ProxySource {
  if (typeof given !== 'function') {
    const list = [...new Set(given)];
    return { list: async () => list, renew: async () => undefined, failure: () => undefined };
  }
  const provide = given;
  let list: readonly string[] = [];
  let failure: string | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    askedAtMs = now();
    try {
      list = await answerOf(provide);
      failure = undefined;
    } catch (error) {
      const isNews = failure === undefined;
      failure = withoutCredentials(reasonOf(error));
      if (isNews) onMissed(failure);
    }
  }

  function renewed(olderThanMs: number): Promise<void> {
    if (asking === undefined && now() - askedAtMs >= olderThanMs) {
      asking = ask().finally(() => {
        asking = undefined;
      });
    }
    return asking ?? Promise.resolve();
  }

  return {
    async list() {
      const coming = renewed(list.length === 0 ? ASK_AGAIN_MS : RENEW_MS);
      if (list.length === 0) await coming;
      return list;
    },
    renew: () => renewed(ASK_AGAIN_MS),
    failure: () => failure,
  };
}

async function answerOf(provide: () => unknown): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ANSWER_LIMIT_MS / 1_000} s`)), ANSWER_LIMIT_MS);
  });
  const answer = await Promise.race([(async () => provide())(), late]).finally(() => clearTimeout(timer));
  const [problem] = proxyListProblems(answer);
  if (problem !== undefined) throw new Error(`${problem.path} ${problem.message} (${problem.mend})`);
  return [...new Set(answer as string[])];
}
