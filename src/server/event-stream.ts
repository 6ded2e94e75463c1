/** Server-sent events of something that is looked at once a second: told when it changed. */
import type { FastifyReply, FastifyRequest } from 'fastify';

const LOOK_MS = 1_000;

export interface Watched<T> {
  event: string;
  look: () => Promise<T>;
  /** After this nothing changes any more: the stream ends. */
  isLast: (now: T) => boolean;
}

/** Rejects, before anything is sent, when the first look does. Later ones that fail are left out: Redis may be away. */
export async function streamEvents<T>(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { event, look, isLast }: Watched<T>,
): Promise<void> {
  let last = await look();
  reply.hijack();
  const { raw: stream } = reply;
  stream.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  });
  let told = '';
  const tell = (): void => {
    const text = JSON.stringify(last);
    stream.write(text === told ? ': still here\n\n' : `event: ${event}\ndata: ${text}\n\n`);
    told = text;
  };
  let isGone = false;
  raw.on('close', () => {
    isGone = true;
  });
  tell();
  while (!isGone && !isLast(last)) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = await look().catch(() => undefined);
    if (now === undefined || isGone) continue;
    last = now;
    tell();
  }
  stream.end();
}
