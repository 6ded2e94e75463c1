/**
 * Who may ask. On loopback everybody of this machine may, as long as he asks for this machine by its name (a page in a
 * browser that resolves its own name to 127.0.0.1 does not). Elsewhere a token is wanted: `Authorization: Bearer …`, or the
 * cookie that was given for it. What changes something wants `application/json` and, from a browser, this very origin, so that
 * no other page's form can ask; by cookie also a header that only this origin's pages can send.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { hasSession } from './session.js';

export interface Access {
  /** Undefined: none is wanted. */
  token: string | undefined;
}

export type Refusal = { status: 401 | 403 | 415; error: string; mend?: string };

/** Its value does not matter: to send it at all, a page has to be of this origin. */
export const CSRF_HEADER = 'x-thresh-csrf';

const UNSAFE = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Undefined: it may. */
export function refusalOf(request: FastifyRequest, access: Access): Refusal | undefined {
  const { authorization, cookie } = request.headers;
  const { token } = access;
  if (token === undefined) return strangeName(request) ?? strangeChange(request);
  if (isRight(authorization ?? '', `Bearer ${token}`)) return strangeChange(request);
  if (!hasSession(cookie, token))
    return { status: 401, error: 'a token is wanted', mend: 'send Authorization: Bearer TOKEN' };
  if (UNSAFE.has(request.method) && request.headers[CSRF_HEADER] === undefined)
    return { status: 403, error: `asked by cookie without ${CSRF_HEADER}` };
  return strangeChange(request);
}

/** Of a request that changes something, whoever asks. */
export function strangeChange({ method, headers }: FastifyRequest): Refusal | undefined {
  const { origin, host = '' } = headers;
  if (!UNSAFE.has(method)) return undefined;
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host))
    return { status: 403, error: 'asked from another origin' };
  if (!/^application\/json(?:; ?charset=utf-8)?$/i.test(headers['content-type'] ?? ''))
    return { status: 415, error: 'the body has to be JSON', mend: 'send content-type: application/json' };
  return undefined;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** In a time that says nothing of how much was right. */
export function isRight(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a as Buffer, b as Buffer);
}

function strangeName({ headers: { host = '' } }: FastifyRequest): Refusal | undefined {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isLoopback(name)) return undefined;
  return {
    status: 403,
    error: 'asked for by another name than this machine',
    mend: 'use 127.0.0.1 or localhost',
  };
}
