import { setTimeout as delay } from 'node:timers/promises';

export interface FetchText {
  /** Undefined when there was no answer after all tries. */
  status: number | undefined;
  text: string;
}

const TRIES = 3;
const ANSWER_LIMIT_MS = 15_000;

/** A small text, cut at `maxBytes`. Tries again when there is no answer or a 5xx. Never throws but for the signal. */
export async function fetchText(
  url: string,
  { maxBytes, signal }: { maxBytes: number; signal?: AbortSignal },
): Promise<FetchText> {
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const answer = await fetchOnce(url, maxBytes, signal);
    if ((answer.status !== undefined && answer.status < 500) || attempt === TRIES) return answer;
    await delay(300 * 2 ** attempt * (0.5 + Math.random()));
  }
}

async function fetchOnce(url: string, maxBytes: number, signal: AbortSignal | undefined): Promise<FetchText> {
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  try {
    const response = await fetch(url, {
      headers: { 'user-agent': USER_AGENT },
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes >= maxBytes) break;
    }
    return { status: response.status, text: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8') };
  } catch {
    return { status: undefined, text: '' };
  }
}

/** What our own requests (robots.txt, sitemaps) say of themselves. */
export const USER_AGENT = 'Mozilla/5.0 (compatible; Thresh)';
