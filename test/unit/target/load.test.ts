import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { isThreshError, type ThreshError } from '../../../src/errors.js';
import { listTargets, loadTarget } from '../../../src/target/load.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thresh-test-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const GOOD = `import { z } from 'zod';
import { defineTarget, sitemap } from 'thresh';
export default defineTarget({
  name: 'shop',
  schema: z.object({ sku: z.string(), price: z.number().optional() }),
  key: ['sku'],
  discover: sitemap('http://127.0.0.1:1/sitemap.xml', { include: /p/ }),
  extract: ({ page }) => page.evaluate(() => { const helper = (x: number) => x + 1; return { sku: String(helper(1)) }; }),
});
`;

async function put(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

async function refusal(promise: Promise<unknown>): Promise<ThreshError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  if (!isThreshError(error)) throw new Error(`not refused but: ${String(error)}`);
  expect(error.code).toBe('TARGET_INVALID');
  return error;
}

describe('loadTarget', () => {
  it('paces a target that has a window, unless it says otherwise', async () => {
    const withSla = (sla: string): string => GOOD.replace("key: ['sku'],", `key: ['sku'], sla: ${sla},`);
    const paced = await loadTarget(await put('paced.ts', withSla("{ window: '4h' }")));
    expect(paced.definition.sla).toEqual({ window: '4h', windowMs: 14_400_000, pace: true });
    const quick = await loadTarget(await put('quick.ts', withSla("{ window: '4h', pace: false }")));
    expect(quick.definition.sla?.pace).toBe(false);
    const wrong = await refusal(loadTarget(await put('wrong.ts', withSla("{ window: '4h', pace: 'no' }"))));
    expect(wrong.message).toContain('sla.pace must be true or false');
  });

  it('loads a TypeScript target outside the project, with the very zod of the farm', async () => {
    const file = await put('shop.ts', GOOD);
    const target = await loadTarget(file);
    expect(target.file).toBe(file);
    expect(target.definition.schema).toBeInstanceOf(z.ZodObject);
    expect(target.definition).toMatchObject({
      name: 'shop',
      block: { types: ['image', 'font', 'media'], urls: [] },
      throttle: { maxConcurrency: 8, minDelayMs: 0 },
      retries: 3,
      timeoutMs: 60_000,
      robots: 'respect',
      gate: { minCompleted: 0.98, maxQuarantined: 0.05, minRows: 1 },
      url: { keepFragment: false, dropParams: [] },
      allowHosts: [],
    });
  });

  it('leaves functions for the page free of compiler helpers', async () => {
    const { definition } = await loadTarget(await put('shop.ts', GOOD));
    expect(String(definition.extract)).not.toMatch(/__/);
  });

  it('finds a target by its name in a folder, in every kind of file', async () => {
    await put('targets/a.ts', GOOD);
    await put('targets/b.mjs', GOOD.replace('(x: number)', '(x)'));
    await put('targets/c.js', GOOD.replace('(x: number)', '(x)'));
    await put('targets/d.mts', GOOD);
    await put('targets/_shared.ts', '');
    await put('targets/types.d.ts', '');
    for (const name of ['a', 'b', 'c', 'd']) {
      expect((await loadTarget(name, { cwd: folder })).definition.name).toBe('shop');
      expect((await loadTarget(name, { targetsDir: join(folder, 'targets') })).definition.name).toBe('shop');
    }
    expect((await listTargets(join(folder, 'targets'))).map((target) => target.name)).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
    expect(await listTargets(join(folder, 'nowhere'))).toEqual([]);
  });

  it('names what is there when a name is not', async () => {
    await put('targets/demo-shop.ts', GOOD);
    const near = await refusal(loadTarget('demo-shpo', { cwd: folder }));
    expect(near.mend).toBe('did you mean "demo-shop"?');
    const far = await refusal(loadTarget('xyz', { cwd: folder }));
    expect(far.mend).toBe('there are: demo-shop');
    expect((await refusal(loadTarget('./none.ts', { cwd: folder }))).message).toContain(
      join(folder, 'none.ts'),
    );
  });

  it('takes relative imports, JSON, CommonJS parts, packages of its own, and a top-level await', async () => {
    await put(
      'node_modules/dep/package.json',
      '{"name":"dep","type":"module","exports":{"import":"./m.js","require":"./c.cjs"}}',
    );
    await put('node_modules/dep/m.js', 'export const kind = "esm"; export const url = import.meta.url;');
    await put('node_modules/dep/c.cjs', 'exports.kind = "cjs";');
    await put(
      'parts/part.cjs',
      'const fs = require("node:fs"); module.exports = { n: typeof fs.readFileSync, kind: require("dep").kind };',
    );
    await put(
      'parts/more.ts',
      'import data from "./data.json" with { type: "json" }; export const here = import.meta.dirname; export { data };',
    );
    await put('parts/data.json', '{"hosts":["example.com"]}');
    const file = await put(
      'shop.ts',
      `${GOOD.replace('key:', 'allowHosts: data.hosts, browser: { headers },\n  key:')}
import { data, here } from './parts/more';
import part from './parts/part.cjs';
import { kind, url } from 'dep';
const late = await Promise.resolve('late');
const headers = { here, n: part.n, partKind: part.kind, kind, url, late, own: import.meta.url, lazy: (await import('./parts/more.js')).here };
`.replace(/(^import .*\n|^const .*\n)/gm, ''),
    );
    const imports = `import { z } from 'zod';
import { defineTarget, sitemap } from 'thresh';
import { data, here } from './parts/more.js';
import part from './parts/part.cjs';
import { kind, url } from 'dep';
const late = await Promise.resolve('late');
const headers = { here, n: part.n, partKind: part.kind, kind, url, late, own: import.meta.url, lazy: (await import('./parts/more.js')).here };
`;
    await writeFile(
      file,
      imports +
        GOOD.replace(/^import .*\n/gm, '').replace(
          'key:',
          'allowHosts: data.hosts, browser: { headers },\n  key:',
        ),
    );
    const { definition } = await loadTarget(file);
    expect(definition.allowHosts).toEqual(['example.com']);
    expect(definition.browser.headers).toEqual({
      here: join(folder, 'parts'),
      lazy: join(folder, 'parts'),
      n: 'function',
      kind: 'esm',
      partKind: 'cjs',
      late: 'late',
      own: pathToFileURL(file).href,
      url: pathToFileURL(join(folder, 'node_modules/dep/m.js')).href,
    });
  });

  it('has a hash of the code alone: the same in another folder, another when an import changes', async () => {
    const shop = `import './part.js';\n${GOOD}`;
    await put('part.ts', 'export const a = 1;');
    await put('other/part.ts', 'export const a = 1;');
    const first = (await loadTarget(await put('shop.ts', shop))).hash;
    expect((await loadTarget(await put('other/shop.ts', shop))).hash).toBe(first);
    await put('part.ts', 'export const a = 2;');
    expect((await loadTarget(join(folder, 'shop.ts'))).hash).not.toBe(first);
  });

  it('refuses a target that throws while it loads, by line and without a stack', async () => {
    const file = await put(
      'a b#c%41/bad.ts',
      `interface A { a: number }\n\nfunction boom(x: A): never {\n  throw new Error('no ' + x.a);\n}\nboom({ a: 1 });\n`,
    );
    const error = await refusal(loadTarget(file));
    expect(error.message).toBe(`${file}:4:9: the target throws while it loads: Error: no 1`);
    const thrown = await put('text.js', 'throw "just text";');
    expect((await refusal(loadTarget(thrown))).message).toBe(
      `${thrown}: the target throws while it loads: just text`,
    );
  });

  it('finds the line of an error that a function of the target throws later', async () => {
    const file = await put(
      'shop.ts',
      GOOD.replace(
        'discover: sitemap(',
        "ready: () => {\n    throw new Error('later');\n  },\n  discover: sitemap(",
      ),
    );
    const { definition, locate } = await loadTarget(file);
    let thrown: unknown;
    try {
      (definition.ready as () => void)();
    } catch (error) {
      thrown = error;
    }
    expect(locate(thrown)).toBe(`${file}:8:11`);
    expect(locate(new Error('ours'))).toBeUndefined();
    expect(locate('text')).toBeUndefined();
  });

  it('names file, line and column of what cannot be parsed or found', async () => {
    const syntax = await put('syntax.ts', 'const a = 1;\nconst b = ;\n');
    expect((await refusal(loadTarget(syntax))).message).toBe(`${syntax}:2:11: Unexpected ";"`);
    const missing = await put(
      'missing.ts',
      `import { x } from 'no-such-package';\nimport y from './none.js';\nconsole.log(x, y);`,
    );
    const { message } = await refusal(loadTarget(missing));
    expect(message).toContain(`${missing}:1:19: cannot find the package "no-such-package" from ${folder}`);
    expect(message).toContain(`${missing}:2:15: Could not resolve "./none.js"`);
  });

  it('gives every load a state of its own and leaves no file behind', async () => {
    const file = await put('shop.ts', GOOD);
    const temp = join(folder, 'temp');
    await mkdir(temp);
    vi.stubEnv('TMPDIR', temp); // others load targets at the same time
    try {
      const [one, two] = await Promise.all([loadTarget(file), loadTarget(file)]);
      expect(one.definition.extract).not.toBe(two.definition.extract);
      expect(await readdir(temp)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
