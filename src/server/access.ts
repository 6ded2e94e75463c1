/**
 * Who may ask. On loopback everybody of this machine may, as long as he asks for this machine by its name (a page in a
 * browser that resolves its own name to 127.0.0.1 does not). Elsewhere a token is wanted: `Authorization: Bearer …`.
 * What changes something wants `application/json` and, from a browser, this very origin, so that no other page's form can ask.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

export interface Access {
  /** Undefined: none is wanted. */
  token: string | undefined;
}

export type Refusal = { status: 401 | 403 | 415; error: string; mend?: string };

const UNSAFE = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Undefined: it may. */
export function refusalOf(request: FastifyRequest, { token }: Access): Refusal | undefined {
  const { authorization = '', origin, host = '' } = request.headers;
  if (token !== undefined && !isSame(authorization, `Bearer ${token}`))
    return { status: 401, error: 'a token is wanted', mend: 'send Authorization: Bearer TOKEN' };
  if (token === undefined && !isLoopbackName(host))
    return {
      status: 403,
      error: 'asked for by another name than this machine',
      mend: 'use 127.0.0.1 or localhost',
    };
  if (!UNSAFE.has(request.method)) return undefined;
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host))
    return { status: 403, error: 'asked from another origin' };
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json(?:; ?charset=utf-8)?$/i.test(type))
    return { status: 415, error: 'the body has to be JSON', mend: 'send content-type: application/json' };
  return undefined;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isLoopbackName(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isLoopback(name);
}

/** In a time that says nothing of how much was right. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a as Buffer, b as Buffer);
}
