/** puppeteer-cluster over the render benchmark's pages, as its documentation begins: a page or a context a URL. */
import { Cluster } from 'puppeteer-cluster';
import puppeteer from 'puppeteer-core';
import { rowsWhenShown } from '../render/rows-when-shown.mjs';
import { sandboxFlags, say, task } from './rows-task.mjs';

const { url, kind, pages, concurrency, executablePath, options } = task;
const cluster = await Cluster.launch({
  concurrency: options.mode === 'page' ? Cluster.CONCURRENCY_PAGE : Cluster.CONCURRENCY_CONTEXT,
  maxConcurrency: concurrency,
  puppeteer,
  puppeteerOptions: { executablePath, headless: 'shell', args: sandboxFlags },
});
let failed = 0;
cluster.on('taskerror', (error) => {
  failed += 1;
  console.error(String(error));
});
await cluster.task(async ({ page, data: { path, ready } }) => {
  const startedMs = performance.now();
  await page.goto(url + path);
  await page.waitForSelector(ready);
  const rows = await page.evaluate(rowsWhenShown, { kind, ready });
  say({ path, ms: performance.now() - startedMs, rows });
});
for (const one of pages) void cluster.queue(one);
await cluster.idle();
await cluster.close();
process.exitCode = failed === 0 ? 0 : 1;
