/** The documentation says nothing that is not so, as far as a test can tell: links, commands and whole targets. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadChecked } from '../../src/batch/context.js';
import { root } from '../support/lab.js';

const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
];
const text = (page: string): string => readFileSync(path.join(root, page), 'utf8');

/** `#a-heading` as GitHub makes it of `## A heading`. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('links', () => {
  const links = pages.flatMap((page) =>
    [...text(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, to = '']) => ({ page, to }))
      .filter(({ to }) => !/^https?:/.test(to)),
  );

  it('are found', () => expect(links.length).toBeGreaterThan(15));

  it.each(links)('$page to $to', ({ page, to }) => {
    const [file = '', anchor] = to.split('#');
    const place = file === '' ? path.join(root, page) : path.resolve(root, path.dirname(page), file);
    expect(existsSync(place)).toBe(true);
    if (anchor !== undefined) expect(anchors(readFileSync(place, 'utf8'))).toContain(anchor);
  });
});

describe("README's commands", () => {
  /** Named before they are merged; what --help knows of them is checked all the same. */
  const coming = ['debug', 'doctor', 'init'];
  const help = (...args: string[]): string =>
    execFileSync(process.execPath, [path.join(root, 'dist/src/cli/main.js'), ...args, '--help'], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
  const known = [...help().matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, name = '']) => name);
  const named = [...text('README.md').matchAll(/^\| `thresh ([a-z]+)([^`]*)`/gm)].map(
    ([, name = '', rest = '']) => ({ name, options: [...(rest.match(/--[a-z-]+/g) ?? [])] as string[] }),
  );

  it('are all that there are', () => {
    const names = named.map(({ name }) => name);
    expect(known.filter((name) => name !== 'help' && !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !known.includes(name) && !coming.includes(name))).toEqual([]);
  });

  it.each(named.filter(({ name }) => known.includes(name)))('$name has $options', ({ name, options }) => {
    const said: string[] = [...(help(name).match(/^ {2}--[a-z-]+/gm) ?? [])].map((option) => option.trim());
    expect(options.filter((option) => !said.includes(option))).toEqual([]);
    expect(said.filter((option) => !options.includes(option))).toEqual([]);
  });
});

describe('targets', () => {
  const targets = pages.flatMap((page) =>
    [...text(page).matchAll(/^```ts\n([\s\S]*?)^```/gm)]
      .map(([, code = '']) => ({ page, code, name: /name: '([^']+)'/.exec(code)?.[1] ?? 'none' }))
      .filter(({ code }) => code.includes('defineTarget(')),
  );
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are found', () => expect(targets.length).toBeGreaterThanOrEqual(6));

  it.each(targets)('$name of $page loads', async ({ code, name }) => {
    const file = path.join(folder, `${name}.ts`);
    await writeFile(file, code);
    expect((await loadChecked(file)).definition.name).toBe(name);
  });
});
