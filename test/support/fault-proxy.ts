/** A proxy in front of a real server that puts faults in: error answers, cut connections, slow answers. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export type Fault =
  | { answer: number }
  /** `before`: the server never hears of it; `after`: it did what was asked, and only the answer is lost. */
  | { cut: 'before' | 'after' }
  | { waitMs: number };

export interface FaultProxy {
  endpoint: string;
  /** `METHOD PATH?QUERY` of every request, in order. */
  readonly seen: string[];
  /** Asked for every request; undefined lets it pass. */
  fault: (line: string, count: number) => Fault | undefined;
  stop(): Promise<void>;
}

export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(upstream);
  const server = createServer((incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    proxy.seen.push(line);
    const fault = proxy.fault(line, proxy.seen.length);
    void handle(fault);

    async function handle(put: Fault | undefined): Promise<void> {
      if (put !== undefined && 'answer' in put) {
        incoming.resume();
        await once(incoming, 'end').catch(() => undefined);
        outgoing.writeHead(put.answer, { 'content-type': 'application/xml' });
        outgoing.end('<Error><Code>InternalError</Code><Message>put in by the test</Message></Error>');
        return;
      }
      if (put !== undefined && 'cut' in put && put.cut === 'before') return void incoming.socket.destroy();
      if (put !== undefined && 'waitMs' in put) await delay(put.waitMs);
      const { method, url, headers } = incoming;
      const onward = request({ hostname, port, method, path: url, headers }, (answer: IncomingMessage) => {
        if (put !== undefined && 'cut' in put) {
          answer.resume();
          answer.once('end', () => incoming.socket.destroy());
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => incoming.socket.destroy());
      incoming.pipe(onward);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    seen: [],
    fault: () => undefined,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
