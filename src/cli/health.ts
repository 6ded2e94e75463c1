/** `GET /healthz`: this process answers. `GET /readyz`: it takes work. For systemd, Kubernetes and the like. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { ThreshError } from '../errors.js';

export interface Readiness {
  /** Of the link to Redis, as ioredis names it. */
  redis: string;
  stopping: boolean;
}

export interface Health {
  /** Without a slash at the end. */
  url: string;
  close(): Promise<void>;
}

export interface HealthOptions {
  /** 0: any free one. */
  port: number;
  /** Default: loopback. */
  host?: string | undefined;
}

/** Throws USAGE when that cannot be listened on. */
export async function serveHealth(
  { port, host = '127.0.0.1' }: HealthOptions,
  readiness: () => Readiness,
): Promise<Health> {
  const server = createServer((request, response) => {
    const now = readiness();
    const isReady = now.redis === 'ready' && !now.stopping;
    const status = request.url === '/healthz' ? 200 : request.url !== '/readyz' ? 404 : isReady ? 200 : 503;
    response
      .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(`${JSON.stringify(now)}\n`);
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new ThreshError(`port ${port} on ${host} cannot be listened on`, {
      code: 'USAGE',
      scope: 'batch',
      mend: 'choose another --health-port',
      cause,
    });
  }
  const { port: bound } = server.address() as { port: number };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
