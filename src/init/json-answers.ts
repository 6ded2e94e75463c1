/** The JSON that a page asks for while it is drawn: what it asked, and what the answer is made of. */
import type { Page, Request, Response } from 'playwright';

export interface JsonAnswer {
  method: string;
  url: string;
  /** Name of the GraphQL operation that it answers, alone. */
  operation?: string;
  /** `{ slug, name, items: 24 × { sku, title } }` */
  shape: string;
  /** Of GraphQL what stands under `data`. */
  value: unknown;
}

export interface JsonWatch {
  /** What was answered so far, the first of them, in the order in which they were asked; each request once. */
  answers(): Promise<JsonAnswer[]>;
  stop(): void;
}

const MOST_ANSWERS = 12;
const MOST_BYTES = 1_000_000;
const NAMES_SHOWN = 8;
const DEEPEST = 2;

export function watchJson(page: Page): JsonWatch {
  const kept = new Map<string, Response>();
  const onResponse = (response: Response): void => {
    const request = response.request();
    if (!/^(?:xhr|fetch)$/.test(request.resourceType()) || response.status() >= 400) return;
    if (!/[/+]json\b/i.test(response.headers()['content-type'] ?? '')) return;
    const name = `${request.method()} ${request.url()}`;
    const key = `${name} ${operationOf(request) ?? ''}`;
    if (kept.size < MOST_ANSWERS && name.length < 500 && !kept.has(key)) kept.set(key, response);
  };
  page.on('response', onResponse);
  return {
    async answers() {
      const answers: JsonAnswer[] = [];
      const asked = (response: Response): number => response.request().timing().startTime;
      for (const response of [...kept.values()].sort((a, b) => asked(a) - asked(b))) {
        const read = await valueIn(response).catch(() => undefined);
        const request = response.request();
        const operation = operationOf(request);
        const value = operation === undefined ? read : (read as { data?: unknown } | undefined)?.data;
        if (value === undefined) continue;
        const named = operation === undefined ? {} : { operation };
        answers.push({
          method: request.method(),
          url: request.url(),
          ...named,
          shape: shapeOf(value),
          value,
        });
      }
      return answers;
    },
    stop: () => void page.off('response', onResponse),
  };
}

/** Undefined for what is too large to be looked at, or is no JSON after all. */
async function valueIn(response: Response): Promise<unknown> {
  const announced = Number(response.headers()['content-length'] ?? 0);
  if (announced > MOST_BYTES) return undefined;
  const { responseBodySize } = await response.request().sizes();
  if (responseBodySize > MOST_BYTES) return undefined;
  return JSON.parse((await response.body()).toString('utf8'));
}

/** Undefined: it is no GraphQL, or a batch of it. */
function operationOf(request: Request): string | undefined {
  if (request.method() !== 'POST') return undefined;
  try {
    const { operationName, query } = request.postDataJSON() as Record<string, unknown>;
    const isNamed = typeof operationName === 'string' && /^[A-Za-z_]\w{0,60}$/.test(operationName);
    return isNamed && typeof query === 'string' ? operationName : undefined;
  } catch {
    return undefined; // no JSON
  }
}

/** What a value is made of: names and counts, no data. */
export function shapeOf(value: unknown, depth = 0): string {
  if (Array.isArray(value)) {
    const [first] = value;
    return `${value.length} × ${first === undefined ? 'nothing' : shapeOf(first, depth)}`;
  }
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  const entries = Object.entries(value);
  if (depth >= DEEPEST) return '{ … }';
  const shown = entries.slice(0, NAMES_SHOWN).map(([name, inner]) => {
    const isNested = typeof inner === 'object' && inner !== null;
    return isNested ? `${name.slice(0, 40)}: ${shapeOf(inner, depth + 1)}` : name.slice(0, 40);
  });
  if (entries.length > NAMES_SHOWN) shown.push('…');
  return shown.length === 0 ? '{}' : `{ ${shown.join(', ')} }`;
}
