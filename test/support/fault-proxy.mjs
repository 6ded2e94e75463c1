// @ts-check
/** A proxy in front of a real server that puts faults in: error answers, cut connections, slow answers. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * `cut: 'before'`: the server never hears of it; `'after'`: it did what was asked, and only the answer is lost.
 * `until`: the server does not hear of it before that.
 * @typedef {{ answer: number } | { cut: 'before' | 'after' } | { waitMs: number } | { until: Promise<void> }} Fault
 */

/**
 * @typedef {object} FaultProxy
 * @property {string} endpoint
 * @property {readonly string[]} seen `METHOD PATH?QUERY` of every request, in order
 * @property {(line: string, count: number) => Fault | undefined} fault asked for every request; undefined lets it pass
 * @property {() => Promise<void>} stop
 */

/**
 * @param {string} upstream
 * @returns {Promise<FaultProxy>}
 */
export async function startFaultProxy(upstream) {
  const { hostname, port } = new URL(upstream);
  /** @type {string[]} */
  const seen = [];
  const server = createServer((incoming, outgoing) => {
    const line = `${incoming.method} ${incoming.url}`;
    seen.push(line);
    void handle(proxy.fault(line, seen.length));

    /** @param {Fault | undefined} put */
    async function handle(put) {
      if (put !== undefined && 'answer' in put) {
        incoming.resume();
        await once(incoming, 'end').catch(() => undefined);
        outgoing.writeHead(put.answer, { 'content-type': 'application/xml' });
        outgoing.end('<Error><Code>InternalError</Code><Message>put in by the test</Message></Error>');
        return;
      }
      if (put !== undefined && 'cut' in put && put.cut === 'before') return void incoming.socket.destroy();
      if (put !== undefined && 'waitMs' in put) await delay(put.waitMs);
      if (put !== undefined && 'until' in put) await put.until;
      const { method, url, headers } = incoming;
      const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
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
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  /** @type {FaultProxy} */
  const proxy = {
    endpoint: `http://127.0.0.1:${address.port}`,
    seen,
    fault: () => undefined,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
