// @ts-check
/** The demo shop in a process of its own: what it takes is not the farm's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const main = path.resolve(import.meta.dirname, '../shop/main.mjs');

/** @param {{ products: number, latencyMs: number }} options */
export async function startShopProcess({ products, latencyMs }) {
  const args = ['--port', '0', '--products', String(products), '--latency-ms', String(latencyMs)];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const url = String(line);
  return {
    url,
    /** @param {Partial<import('../shop/settings.mjs').Settings>} settings */
    async control(settings) {
      const answer = await fetch(`${url}/_control`, { method: 'POST', body: JSON.stringify(settings) });
      if (!answer.ok) throw new Error(await answer.text());
    },
    /** What it was asked since the last time that this was called. */
    async takeLog() {
      const log = await (await fetch(`${url}/_log?pages=0`)).json();
      await fetch(`${url}/_log`, { method: 'DELETE' });
      return /** @type {ReturnType<typeof import('../shop/control.mjs').logOf>} */ (log);
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
