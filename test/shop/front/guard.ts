/** What the application shows to the shop's API, where that asks for it. */
import { manner } from './manner.js';

let token: Promise<string> | undefined;

/** As `fetch`; a 401 is answered with a new token. */
export async function fetchShown(path: string, init: RequestInit = {}): Promise<Response> {
  // biome-ignore lint/suspicious/noDocumentCookie: as applications do
  if (manner.proves === 'cookie') document.cookie = 'seen=yes; path=/';
  const known = await token;
  const answer = await fetch(path, { ...init, headers: headersFor(path, init, known) });
  if (answer.status !== 401 || !/^\/api\/products\//.test(path)) return answer;
  if (token === undefined || (await token) === known) token = askToken();
  return fetch(path, { ...init, headers: headersFor(path, init, await token) });
}

function headersFor(path: string, { headers }: RequestInit, known: string | undefined): Headers {
  const made = new Headers(headers);
  if (known !== undefined) made.set('x-shop-token', known);
  if (manner.proves === 'header') made.set('x-proof', proofOf(path));
  return made;
}

async function askToken(): Promise<string> {
  const answer = await fetch('/api/token', { method: 'POST' });
  return ((await answer.json()) as { token: string }).token;
}

function proofOf(path: string): string {
  let sum = 7;
  for (const sign of path) sum = (sum * 31 + sign.charCodeAt(0)) >>> 0;
  return sum.toString(36);
}
