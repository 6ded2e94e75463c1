import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Ended, type Lab, openLab } from '../support/lab.js';
import { casesOf, longTest } from '../support/long.js';

let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: 20 });
  lab = await openLab({ LOG_LEVEL: 'silent' });
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

function targetCode(name: string, discover: string, more = ''): string {
  return `import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: '${name}', schema: z.object({ sku: z.string() }), key: ['sku'], discover: ${discover},
  ready: '[data-sku]', fields: { rows: 'article[data-sku]', fields: { sku: '@data-sku' } }, ${more}
});
`;
}

/** One clear line (and its mend, and what the batch was), the right exit code, no stack. */
function expectRefusal({ code, stdout, stderr }: Ended, expected: { code: number; says: RegExp }): void {
  expect(stderr).toMatch(expected.says);
  expect(code, stderr).toBe(expected.code);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr.trim().split('\n').length, stderr).toBeLessThanOrEqual(4);
  expect(stdout).toBe('');
}

describe('wrong usage: exit code 2', () => {
  const usages: [string, string[], RegExp][] = [
    ['an unknown option', ['run', 'x', '--fast'], /unknown option '--fast'/],
    ['a date that is none', ['run', 'TARGET', '--date', '2026-02-30'], /"2026-02-30" is not a date/],
    ['a missing argument', ['debug', 'x'], /missing required argument 'url'/],
    ['a batch that is none', ['failures', 'x-20260101-abcdef'], /no batch "x-20260101-abcdef"/],
    ['a setting that is none', ['status'], /THRESH_PARQUET is 'csv'/],
    ['an option that is almost one', ['run', 'x', '--concurency', '2'], /Did you mean --concurrency/],
    ['an unknown command', ['rum', 'x'], /unknown command 'rum'/],
    ['a number that is none', ['run', 'x', '--limit', 'many'], /whole number from 1/],
  ];
  // What commander says by itself is said once.
  test.each(casesOf(usages, 5))('%s', async (_, args, says) => {
    const file = await lab.target('usage', targetCode('usage', `['${shop.url}/']`));
    const env = args[0] === 'status' ? { THRESH_PARQUET: 'csv' } : {};
    expectRefusal(
      await lab.thresh(
        args.map((arg) => (arg === 'TARGET' ? file : arg)),
        env,
      ),
      { code: 2, says },
    );
  });
});

describe('a wrong target: exit code 2, before anything is fetched', () => {
  test('a file that throws is named with its line', async () => {
    const file = await lab.target('throws', `const a = 1;\nthrow new Error('no luck ' + a);\n`);
    expectRefusal(await lab.thresh(['run', file]), {
      code: 2,
      says: /throws\.ts:2:\d+.*no luck 1|no luck 1.*throws\.ts:2/s,
    });
  });

  // As any that cannot be loaded: test/unit/target/load.test.ts.
  longTest('a file that cannot be parsed is named with its line', async () => {
    const file = await lab.target('torn', `import { z } from 'zod';\nexport default {{;\n`);
    expectRefusal(await lab.thresh(['run', file]), { code: 2, says: /torn\.ts:2/ });
  });

  test('every problem at once, each with its path and a mend', async () => {
    const file = await lab.target(
      'wrong',
      `import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({ name: 'Wrong Name', schema: z.object({ sku: z.string(), any: z.any() }), key: ['nope'], discover: ['ftp://x'], readdy: 'h1' } as never);`,
    );
    const { code, stderr } = await lab.thresh(['run', file]);
    expect(code).toBe(2);
    for (const path of ['name', 'schema.any', 'key', 'readdy', 'extract']) expect(stderr).toContain(path);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('what the machine or the network does not give: exit code 1', () => {
  // In every run: test/integration/discovery/sitemap.test.ts, test/integration/queue/redis-unavailable.test.ts.
  longTest('a host that does not resolve', async () => {
    const file = await lab.target(
      'nowhere',
      targetCode('nowhere', `sitemap('http://no-such-host.invalid/sitemap.xml')`),
    );
    expectRefusal(await lab.thresh(['run', file]), {
      code: 1,
      says: /no-such-host\.invalid.*does not resolve/,
    });
  });

  longTest('no Redis', async () => {
    const file = await lab.target('redis', targetCode('redis', `['${shop.url}/']`));
    expectRefusal(await lab.thresh(['run', file], { REDIS_URL: 'redis://127.0.0.1:1' }), {
      code: 1,
      says: /no Redis at 127\.0\.0\.1:1.*\n {2}mend: /,
    });
  });

  test('no Chromium', async () => {
    const file = await lab.target('chromium', targetCode('chromium', `['${shop.url}/']`));
    expectRefusal(await lab.thresh(['run', file], { CHROMIUM_PATH: '/no/such/chromium' }), {
      code: 1,
      says: /\/no\/such\/chromium does not exist\n {2}mend: set CHROMIUM_PATH/,
    });
  });

  test('a Chromium that does not start', async () => {
    const fake = path.join(lab.dir, 'fake-chromium');
    await writeFile(fake, '#!/bin/sh\necho "12:0 ERROR: out of luck" >&2\nexit 3\n');
    await chmod(fake, 0o755);
    const file = await lab.target('broken', targetCode('broken', `['${shop.url}/']`, 'retries: 0'));
    const { code, stderr } = await lab.thresh(['run', file], { CHROMIUM_PATH: fake });
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/fake-chromium does not start.*out of luck/);
  });

  test('an output folder that cannot be written is found before the first page', async () => {
    const blocker = path.join(lab.dir, 'a-file');
    await writeFile(blocker, '');
    const file = await lab.target('out', targetCode('out', `['${shop.url}/']`));
    shop.clearLog();
    expectRefusal(await lab.thresh(['run', file, '--out', path.join(blocker, 'out')]), {
      code: 1,
      says: /a-file\/out.*\n {2}mend: /,
    });
    expect(shop.accessLog()).toEqual([]);
  });

  test('a home that cannot be written', async () => {
    const file = await lab.target('home', targetCode('home', `['${shop.url}/']`));
    await mkdir(path.join(lab.dir, 'homes'), { recursive: true });
    await writeFile(path.join(lab.dir, 'homes', 'file'), '');
    expectRefusal(
      await lab.thresh(['run', file], { THRESH_HOME: path.join(lab.dir, 'homes', 'file', 'home') }),
      {
        code: 1,
        says: /homes\/file/,
      },
    );
  });
});

describe('a sitemap that is none: exit code 1, named with the reason', () => {
  const none: [string, RegExp][] = [
    ['sitemap-bomb.xml.gz', /gzip bomb/],
    ['sitemap-html.xml', /HTML page, not a sitemap/],
    ['sitemap-truncated.xml', /cut off/],
    ['sitemap-truncated.xml.gz', /cut off/],
    ['no-such.xml', /answered 404/],
  ];
  // How each is found out: test/integration/discovery/sitemap.test.ts.
  test.each(casesOf(none, 1))('%s', async (name, says) => {
    const target = `bad-${name.replace(/[^a-z]/g, '')}`.slice(0, 40);
    const file = await lab.target(target, targetCode(target, `sitemap('${shop.url}/bad/${name}')`));
    const ended = await lab.thresh(['run', file]);
    expectRefusal(ended, { code: 1, says });
    expect(ended.stderr).toContain(`${shop.url}/bad/${name}`);
  });
});

test('--verbose shows where it came from', async () => {
  const { code, stderr } = await lab.thresh(['--verbose', 'run', 'no-such-target']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^\s+at /m);
});
