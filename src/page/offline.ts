/**
 * A page that is its HTML and no more, at its own address: its scripts, which have done their work already, do not run,
 * and nothing reaches the network. What it asks for is refused, and behind that stands a proxy that leads nowhere.
 */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import type { Page } from 'playwright';
import type { Sessions } from './sessions.js';

/** Leads nowhere. */
export interface DeadEnd {
  /** Without a login, and with no way out. */
  sessions: Sessions;
  close(): Promise<void>;
}

export async function openDeadEnd(): Promise<DeadEnd> {
  const nowhere = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(nowhere, 'listening');
  nowhere.unref();
  const { port } = nowhere.address() as AddressInfo;
  return {
    sessions: sessionsThrough(`http://127.0.0.1:${port}`),
    async close() {
      nowhere.close();
      await once(nowhere, 'close');
    },
  };
}

/** Before the page goes to `url`. `scripts`: those of the HTML run. */
export async function standIn(
  page: Page,
  { url, html, scripts }: { url: string; html: string; scripts: boolean },
): Promise<void> {
  const answer = {
    status: 200,
    body: html,
    contentType: 'text/html; charset=utf-8',
    ...(scripts ? {} : { headers: { 'content-security-policy': "script-src 'none'" } }),
  };
  await page.route('**/*', (route, request) => {
    const isIt = request.isNavigationRequest() && request.frame() === page.mainFrame();
    if (isIt && samePage(request.url(), url)) return route.fulfill(answer);
    // Where the page goes by itself nothing is to be found, and it stays: any other failure would be a page of its own.
    return route.abort(request.isNavigationRequest() ? 'aborted' : 'internetdisconnected');
  });
}

/** Whatever the fragment. */
export function samePage(one: string, other: string): boolean {
  return one.replace(/#.*/s, '') === other.replace(/#.*/s, '');
}

function sessionsThrough(server: string): Sessions {
  const session = { generation: 0, storageState: undefined, proxy: { name: 'no network', server } };
  return {
    current: async () => session,
    served: () => undefined,
    failed: async (_, { error }) => error,
    expire: () => undefined,
    rotate: () => undefined,
    takeProxyBytes: () => undefined,
    close: async () => undefined,
  };
}
