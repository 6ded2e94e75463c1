/**
 * A browser's way in where a token is wanted: it gives the token once and gets a cookie that its pages cannot read and
 * that no other site's request carries. The cookie is a time and a signature by the token, so nothing is kept here, and a
 * new token ends all sessions.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const NAME = 'thresh_session';
const LASTS_MS = 12 * 3_600_000;

export function newSession(token: string, nowMs = Date.now()): string {
  const until = String(nowMs + LASTS_MS);
  const value = `${until}.${signature(token, until)}`;
  return `${NAME}=${value}; Path=/; Max-Age=${LASTS_MS / 1_000}; HttpOnly; SameSite=Strict`;
}

export function hasSession(header: string | undefined, token: string, nowMs = Date.now()): boolean {
  const value = header
    ?.split(';')
    .map((one) => one.trim())
    .find((one) => one.startsWith(`${NAME}=`))
    ?.slice(NAME.length + 1);
  const [until = '', signed = ''] = value?.split('.') ?? [];
  if (!/^\d{1,16}$/.test(until) || Number(until) <= nowMs) return false;
  const wanted = Buffer.from(signature(token, until));
  const given = Buffer.from(signed);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function signature(token: string, until: string): string {
  return createHmac('sha256', token).update(`thresh session until ${until}`).digest('base64url');
}
