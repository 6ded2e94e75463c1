import { readFileSync } from 'node:fs';

/** What a peer renders, and how it says what it read: as bench/render's own contenders do. */
export const task = JSON.parse(readFileSync(process.argv[2], 'utf8'));

export const sandboxFlags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

export function say(read) {
  process.stdout.write(`${JSON.stringify(read)}\n`);
}
