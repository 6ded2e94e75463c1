import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Lab, openLab } from '../../support/lab.js';

let lab: Lab;
beforeEach(async () => {
  lab = await openLab();
});
afterEach(() => lab.close());

const TARGET = `import { z } from 'zod';
import { defineTarget } from 'thresh';
export default defineTarget({
  name: 'shop', schema: z.object({ sku: z.string() }), key: ['sku'],
  discover: ['http://127.0.0.1:1/'], extract: () => ({ sku: 'a' }), DELIVER
});
`;

it.each([
  { where: '--out', args: ['--out', 'gs://bucket/feeds'], deliver: '' },
  { where: 'deliver.to', args: [], deliver: "deliver: { to: 'gs://bucket/feeds' }," },
])(
  '$where with a URL of another scheme is refused and makes no folder of that name',
  async ({ args, deliver }) => {
    const file = await lab.target('shop', TARGET.replace('DELIVER', deliver));
    const { code, stderr } = await lab.thresh(['run', file, ...args]);
    expect(stderr).toContain("has the scheme 'gs'");
    expect(code).toBe(2);
    // The home is there: a browser is started in it while the target is loaded.
    expect((await readdir(lab.dir)).filter((name) => name !== 'home')).toEqual(['targets']);
  },
);
