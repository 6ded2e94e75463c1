// `npm run demo`: starts the demo shop, runs its batch, shows what was delivered.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstRows } from '../dist/src/dataset/read-back.js';
import { startShop } from './shop/server.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const shop = await startShop({ port: 0 });
console.error(`demo shop at ${shop.url}`);
const run = spawn(process.execPath, [path.join(root, 'dist/src/cli/main.js'), 'run', 'demo-shop', ...process.argv.slice(2)], {
  cwd: root,
  env: { ...process.env, THRESH_DEMO_URL: shop.url },
  stdio: ['inherit', 'pipe', 'inherit'],
});
let folder = '';
run.stdout.on('data', (chunk) => {
  folder += chunk;
});
const code = await new Promise((resolve) => run.on('close', resolve));
folder = folder.trim();
if (code === 0 && folder !== '') {
  const manifest = JSON.parse(await readFile(path.join(folder, '_SUCCESS'), 'utf8'));
  const rows = await firstRows(manifest.files.map((file) => path.join(folder, file.name)), 5);
  console.log(`\nthe first rows of ${manifest.rows.delivered}, read back from Parquet:`);
  console.table(rows.map(({ sku, title, price, tags }) => ({ sku, title: String(title).slice(0, 40), price, tags: tags.join(', ').slice(0, 40) })));
}
await shop.stop();
process.exitCode = code ?? 1;
