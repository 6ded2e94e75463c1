/** The API, as the dashboard asks it. */

/** Told to the window when a token is wanted. */
export const SIGNED_OUT = 'thresh-signed-out';

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly mend?: string,
  ) {
    super(message);
  }
}

/** Throws Refused; with status 0 when nobody answers. */
export async function ask<T>(
  path: string,
  { method = 'GET', body }: { method?: string; body?: unknown } = {},
): Promise<T> {
  const isChange = method !== 'GET';
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    ...(isChange
      ? {
          headers: { 'content-type': 'application/json', 'x-thresh-csrf': '1' },
          body: JSON.stringify(body ?? {}),
        }
      : {}),
  }).catch(() => {
    throw new Refused(0, 'nobody answers: is `thresh serve` still running?');
  });
  const text = await response.text();
  const answer: unknown = text.startsWith('{') ? JSON.parse(text) : {};
  if (response.ok) return answer as T;
  if (response.status === 401) dispatchEvent(new Event(SIGNED_OUT));
  const { error = response.statusText, mend } = answer as { error?: string; mend?: string };
  throw new Refused(response.status, error, mend);
}

/** Server-sent events, for as long as the function that it returns is not called. The browser comes back by itself. */
export function watch<T>(
  path: string,
  { event, onNews, onLink }: { event: string; onNews: (news: T) => void; onLink: (up: boolean) => void },
): () => void {
  const source = new EventSource(path);
  source.addEventListener(event, (message) => {
    onLink(true);
    onNews(JSON.parse((message as MessageEvent<string>).data) as T);
  });
  source.addEventListener('open', () => onLink(true));
  source.addEventListener('error', () => onLink(false));
  return () => source.close();
}
