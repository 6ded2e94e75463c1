// @ts-check
/** This project's pool of warm pages in a plain loop: without queue, validation and disk. */
import path from 'node:path';
import { rowsWhenShown } from '../rows-when-shown.mjs';
import { readTask, workThrough } from './task.mjs';

/** @type {typeof import('../../../../browser-pool/index.js')} */
const { createBrowserPool } = await import(
  path.resolve(import.meta.dirname, '../../../../dist/browser-pool/index.js')
);

const task = readTask();
const pool = createBrowserPool({
  executablePath: task.executablePath,
  temp: path.join(task.temp, 'browsers'),
  maxPages: task.concurrency,
  ...task.options,
});
await workThrough(task, async () => async ({ url, wanted }) => {
  const lease = await pool.lease({
    identity: 'bench',
    context: {},
    block: { types: ['image', 'font', 'media'], urls: [task.others] },
    goesTo: url,
  });
  await lease.page.goto(url, { waitUntil: 'commit' });
  const rows = await lease.page.evaluate(rowsWhenShown, wanted);
  await lease.release('good');
  return rows;
});
await pool.close();
