// `npm run demo`: starts the demo shop, runs its batch, shows what was delivered. `thresh run`'s options go through,
// so `npm run demo -- --limit 50` is a short one.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rowsTable } from '../dist/src/cli/rows-table.js';
import { firstRows } from '../dist/src/dataset/read-back.js';
import { startShop } from './shop/server.mjs';

const SHOWN_ROWS = 5;
const root = fileURLToPath(new URL('..', import.meta.url));
const shop = await startShop({ port: 0 });
console.error(`demo shop at ${shop.url}`);
try {
  const { code, folder } = await thresh('run', 'demo-shop', ...process.argv.slice(2));
  if (code === 0) await showRows(folder);
  process.exitCode = code;
} finally {
  await shop.stop();
}

/**
 * @param {string[]} args
 * @returns {Promise<{ code: number, folder: string }>} `folder`: what it printed, the delivered dataset's
 */
async function thresh(...args) {
  const child = spawn(process.execPath, [path.join(root, 'dist/src/cli/main.js'), ...args], {
    cwd: root,
    env: { ...process.env, THRESH_DEMO_URL: shop.url },
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  // Ctrl-C reaches the child as well: it drains, and this process waits for it.
  process.on('SIGINT', () => undefined);
  let printed = '';
  for await (const chunk of child.stdout) printed += chunk;
  const code = await new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    else child.once('close', (status) => resolve(status ?? 1));
  });
  return { code, folder: printed.trim() };
}

/** @param {string} folder */
async function showRows(folder) {
  /** @type {{ rows: { delivered: number }, files: { name: string }[] }} */
  const manifest = JSON.parse(await readFile(path.join(folder, '_SUCCESS'), 'utf8'));
  const files = manifest.files.map(({ name }) => path.join(folder, name));
  const rows = await firstRows(files, SHOWN_ROWS);
  console.log(`\nthe first ${rows.length} of ${manifest.rows.delivered} rows, read back from Parquet:`);
  console.log(rowsTable(rows, process.stdout.columns));
}
