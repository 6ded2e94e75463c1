/**
 * Headers that an application adds to its requests, as against those that every request of the browser has. What of them
 * matters is not known: all of them are sent again, with the values that the session's latest rendered page sent, since
 * tokens are among them. Left out is what is another value on each page.
 */
import { explain } from './explain.js';
import { learnText, type Place } from './learn-parts.js';
import type { HeaderTemplate } from './template.js';

/** What the browser, or whoever sends in its place, sees to. */
const BROWSERS = new Set([
  'accept-encoding',
  'accept-language',
  'access-control-request-headers',
  'access-control-request-method',
  'cache-control',
  'connection',
  'content-length',
  'cookie',
  'dnt',
  'host',
  'if-modified-since',
  'if-none-match',
  'keep-alive',
  'origin',
  'pragma',
  'priority',
  'referer',
  'te',
  'transfer-encoding',
  'upgrade',
  'upgrade-insecure-requests',
  'user-agent',
]);

/** Of a request as it went over the wire, with names in small letters. */
export function ownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !BROWSERS.has(name) && !/^(?:sec-|:|proxy-)/.test(name)),
  );
}

/** Throws Unlearned. `all`: own ones, by page, in the order in which the pages were rendered; `sessions`: whose they are. */
export function learnHeaders(
  all: readonly Record<string, string>[],
  sessions: readonly string[],
  place: Place,
): HeaderTemplate[] {
  const names = [...new Set(all.flatMap((headers) => Object.keys(headers)))].sort();
  return names.map((name): HeaderTemplate => {
    const texts = all.map((headers) => headers[name] ?? '');
    if (isOfSession(texts, sessions)) return { name, kind: 'session' };
    const explained = explain(texts, place.candidates, ['plain', 'component']);
    if (explained.kind === 'text') return { name, kind: 'text', text: explained.text };
    if (place.mayLeaveOut) return { name, kind: 'left-out' };
    return {
      name,
      kind: 'text',
      text: learnText(texts, { ...place, what: `header ${name} of ${place.what}` }),
    };
  });
}

/** Each session's pages sent one value after the other, each more than once: the latest holds. */
function isOfSession(texts: readonly string[], sessions: readonly string[]): boolean {
  return [...new Set(sessions)].every((session) => {
    const sent = texts.filter((_, at) => sessions[at] === session);
    const runs = sent.filter((text, at) => text !== sent[at - 1]).length;
    return runs === new Set(sent).size && runs * 2 <= sent.length + 1;
  });
}
