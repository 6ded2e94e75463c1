/** Why a server that speaks TLS hung up on us: heard by a link that sends nothing. */
import { connect } from 'node:tls';
import type { RedisOptions } from 'bullmq';
import { type Refusal, refusalInError } from './redis-refusal.js';

const LISTEN_MS = 3_000;

/**
 * A server that wants a certificate of ours says so after we took the handshake for done. A link that has begun to talk
 * by then may hear of a reset alone, for what it sent was never read. Undefined: nothing was said.
 */
export function refusalByTls({
  host = 'localhost',
  port = 6379,
  tls,
}: RedisOptions): Promise<Refusal | undefined> {
  if (tls === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const link = connect({ ...tls, host, port: Number(port) });
    link.setTimeout(LISTEN_MS, () => link.destroy());
    let heard: Refusal | undefined;
    link.on('error', (error: Error) => {
      heard = refusalInError(error);
    });
    link.on('close', () => resolve(heard));
    link.resume();
  });
}
