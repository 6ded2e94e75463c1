/** The dashboard's files and its way in. They hold no secret, so they are given to everybody; what they show is not. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { ThreshError } from '../errors.js';
import { type Access, isRight, strangeChange } from './access.js';
import * as schemas from './schemas.js';
import { newSession } from './session.js';

/** Beside the compiled sources: `setup/build.mjs` puts them there. */
const FOLDER = path.resolve(import.meta.dirname, '../../ui');
const FILES = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** After a token that was wrong: nobody tries many. */
const WRONG_MS = 500;

interface Served {
  type: string;
  plain: Buffer;
  packed: Buffer;
  tag: string;
}

/** True for what is answered without a token. */
export function isOpenToAll({ url, method }: FastifyRequest): boolean {
  const [asked = ''] = url.split('?');
  if (asked === '/api/session') return true;
  return method === 'GET' && (asked === '/' || asked.startsWith('/ui/') || asked.startsWith('/batches/'));
}

export async function addDashboard(bare: FastifyInstance, { token }: Access): Promise<void> {
  const files = await readFiles();
  const app = bare.withTypeProvider<ZodTypeProvider>();
  for (const url of ['/', '/batches/:id'])
    app.get(url, { schema: { hide: true } }, async (request, reply) =>
      sendFile(request, reply, files.get('index.html')),
    );
  app.get<{ Params: { name: string } }>('/ui/:name', { schema: { hide: true } }, async (request, reply) =>
    sendFile(request, reply, files.get(request.params.name)),
  );
  app.post('/api/session', { schema: { hide: true, body: schemas.credentials } }, async (request, reply) => {
    const strange = strangeChange(request);
    if (strange !== undefined) return reply.status(strange.status).send({ code: 'REFUSED', ...strange });
    if (token === undefined) return reply.send({});
    if (!isRight(request.body.token, token)) {
      await new Promise((resolve) => setTimeout(resolve, WRONG_MS));
      return reply.status(401).send({ error: 'that is not the token', code: 'REFUSED' });
    }
    return reply.header('set-cookie', newSession(token)).send({});
  });
}

async function readFiles(): Promise<Map<string, Served>> {
  const pack = promisify(gzip);
  const served = await Promise.all(
    Object.entries(FILES).map(async ([name, type]): Promise<[string, Served]> => {
      const plain = await readFile(path.join(FOLDER, name)).catch((cause: unknown) => {
        throw new ThreshError("the dashboard's files are not there", {
          code: 'USAGE',
          scope: 'batch',
          mend: 'npm run build makes them',
          cause,
        });
      });
      const tag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
      return [name, { type, plain, packed: await pack(plain, { level: 9 }), tag }];
    }),
  );
  return new Map(served);
}

function sendFile({ headers }: FastifyRequest, reply: FastifyReply, file: Served | undefined): FastifyReply {
  if (file === undefined) return reply.status(404).send({ error: 'no such file', code: 'USAGE' });
  reply.headers({ 'cache-control': 'no-cache', etag: file.tag, 'content-security-policy': POLICY });
  if (headers['if-none-match'] === file.tag) return reply.status(304).send();
  const takesPacked = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
  reply.type(file.type).header('vary', 'accept-encoding');
  return takesPacked ? reply.header('content-encoding', 'gzip').send(file.packed) : reply.send(file.plain);
}
