/** Pages opened as `thresh debug` opens them: one after the other, through the same steps as in a batch. */
import type { Page } from 'playwright';
import { z } from 'zod';
import type { BrowserPool, Lease } from '../../browser-pool/index.js';
import { isThreshError, reasonOf, ThreshError } from '../errors.js';
import { createProxies } from '../page/proxies/proxies.js';
import { leaseSpecOf, type RenderOutcome, renderPage } from '../page/render.js';
import { createSessions } from '../page/sessions.js';
import type { EncodeRow } from '../page/validate.js';
import { resolveTarget } from '../target/defaults.js';
import type { TargetLog } from '../target/definition.js';
import type { LoadedTarget } from '../target/load.js';
import { type JsonAnswer, watchJson } from './json-answers.js';
import { settle } from './settle.js';

export interface Visiting {
  pool: BrowserPool;
  signal: AbortSignal;
  log: TargetLog;
}

/** Of one page that nobody knows yet, or by a target that nobody has tried. */
const VISIT_LIMIT_MS = 30_000;

export interface Looked<T> {
  value: T;
  answers: JsonAnswer[];
}

/**
 * What `look` makes of a page that has come to rest.
 * @throws ThreshError for a page that cannot be had: NAVIGATION_FAILED, PAGE_BLOCKED, PAGE_GONE, …
 */
export async function visit<T>(
  url: string,
  look: (page: Page) => Promise<T>,
  visiting: Visiting,
): Promise<Looked<T>> {
  let lease: Lease | undefined;
  let json: ReturnType<typeof watchJson> | undefined;
  let looked: Looked<T> | undefined;
  const definition = resolveTarget(
    {
      name: 'init',
      schema: z.object({ url: z.string() }),
      key: ['url'],
      discover: [url],
      timeoutMs: VISIT_LIMIT_MS,
      async ready(page) {
        if (lease !== undefined) await settle(page, lease);
      },
      async extract({ page }) {
        try {
          looked = { value: await look(page), answers: (await json?.answers()) ?? [] };
        } catch (cause) {
          throw isThreshError(cause) ? cause : unreadable(url, cause);
        }
      },
    },
    'init.ts',
  );
  const target: LoadedTarget = {
    definition,
    file: 'init.ts',
    hash: 'init',
    columns: undefined,
    locate: () => undefined,
  };
  const outcome = await render(
    { url, target, encode: (row) => row },
    {
      ...visiting,
      began(leased) {
        lease = leased;
        json = watchJson(leased.page);
      },
      ended: () => json?.stop(),
    },
  );
  if (!outcome.ok) throw outcome.error;
  if (outcome.rendered.outcome === 'gone')
    throw new ThreshError(`${url} does not exist (it answered ${outcome.rendered.status ?? 'nothing'})`, {
      code: 'PAGE_GONE',
      scope: 'page',
    });
  if (looked === undefined)
    throw new ThreshError(`${url} was not looked at`, { code: 'NOT_READY', scope: 'page' });
  return looked;
}

/** One page by a target, its rows checked by its schema, and a look at it afterwards. Throws BROWSER_UNAVAILABLE. */
export function tryPage(
  url: string,
  { target, encode }: { target: LoadedTarget; encode: EncodeRow },
  {
    look,
    ...visiting
  }: Visiting & { look: (page: Page, answers: () => Promise<readonly JsonAnswer[]>) => Promise<void> },
): Promise<RenderOutcome> {
  let json: ReturnType<typeof watchJson> | undefined;
  return render(
    { url, target, encode },
    {
      ...visiting,
      began({ page }) {
        json = watchJson(page);
      },
      async ended({ page }) {
        const answers = async () => (await json?.answers()) ?? [];
        await look(page, answers).catch(() => undefined); // how the page itself went is the news
        json?.stop();
      },
    },
  );
}

interface Render {
  url: string;
  target: LoadedTarget;
  encode: EncodeRow;
}

async function render(
  { url, target, encode }: Render,
  {
    pool,
    signal,
    log,
    began,
    ended,
  }: Visiting & { began: (lease: Lease) => void; ended: (lease: Lease) => unknown },
): Promise<RenderOutcome> {
  const { proxies } = target.definition;
  const sessions = createSessions({
    target: target.definition,
    pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies: proxies === undefined ? undefined : createProxies({ given: proxies, onEvent: () => undefined }),
  });
  try {
    const outcome = await renderPage(
      {
        page: 0,
        request: { url, label: undefined, data: undefined, attempt: 1 },
        log,
        signal,
        keepFailure: () => undefined,
        limitMs: VISIT_LIMIT_MS,
        onlooker: { began: async (lease) => began(lease), ended: async (lease) => void (await ended(lease)) },
      },
      { target, encode, pool, sessions },
    );
    signal.throwIfAborted();
    if (!outcome.ok && isThreshError(outcome.error) && outcome.error.code === 'BROWSER_UNAVAILABLE')
      throw outcome.error;
    return outcome;
  } finally {
    await sessions.close();
  }
}

function unreadable(url: string, cause: unknown): ThreshError {
  return new ThreshError(`${url} cannot be looked at: ${reasonOf(cause)}`, {
    code: 'EXTRACT_FAILED',
    scope: 'page',
    cause,
  });
}
