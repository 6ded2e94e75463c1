import { afterAll, beforeAll, expect, test } from 'vitest';
import { credentials } from '../shop/account.mjs';
import { orderAt } from '../shop/catalogue.mjs';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

const ORDERS = 18;
const PAGES_PER_LOGIN = 5;
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: 10, sessionTtl: { requests: PAGES_PER_LOGIN } });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

/** Orders of the account section, behind the shop's own login form. */
function ordersTarget(name: string, password: string, more: string): string {
  return `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ order: z.string(), total: z.number(), placedAt: z.date(), lines: z.number().int() }),
  key: ['order'],
  ready: '[data-order]',
  session: {
    async login({ page }) {
      await page.goto('${shop.url}/login?next=/');
      await page.fill('[name=user]', '${credentials.user}');
      await page.fill('[name=password]', '${password}');
      await page.click('button[type=submit]');
      await page.waitForSelector('[data-testid=home], [data-testid=login-refused]');
      if (await page.isVisible('[data-testid=login-refused]')) throw new Error('the shop refuses the password');
    },
    expired: '[data-testid=login-form]',
  },
  fields: {
    rows: '[data-order]',
    fields: {
      order: '@data-order',
      total: { select: '.total', as: 'number' },
      placedAt: { select: 'time', as: 'date' },
      lines: { select: '.lines', as: 'number' },
    },
  },
  ${more}
});
`;
}

test('a login that expires again and again loses no row and is renewed once each time', async () => {
  const target = await lab.target(
    'orders',
    ordersTarget(
      'orders',
      credentials.password,
      `discover: Array.from({ length: ${ORDERS} }, (_, at) => '${shop.url}/account/orders/' + (at + 1)),`,
    ),
  );
  const { code, report, stderr } = await runBatch(lab, target, {
    date: '2026-03-01',
    args: ['--concurrency', '4'],
  });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ frontier: ORDERS, completed: ORDERS });
  const rows = await lab.query(
    'orders',
    '2026-03-01',
    `select "order", total, epoch_ms(placedAt)::double as placedAt, lines::int as lines from FILES order by "order"`,
  );
  expect(rows).toEqual(
    Array.from({ length: ORDERS }, (_, at) => {
      const { placedAt, ...order } = orderAt(at + 1);
      return { ...order, placedAt: Date.parse(placedAt) };
    }),
  );
  // A page that is tried again for a reason of its own may cost one more.
  const demanded = Math.ceil(ORDERS / PAGES_PER_LOGIN);
  expect(shop.log().logins).toBeGreaterThanOrEqual(demanded);
  expect(shop.log().logins).toBeLessThanOrEqual(demanded + 1);
});

test('a login that is refused makes dead letters that say so, and no row', async () => {
  const target = await lab.target(
    'locked-out',
    ordersTarget(
      'locked-out',
      'guessed',
      `retries: 0, timeoutMs: 10_000, discover: ['${shop.url}/account/orders/1', '${shop.url}/account/orders/2'],`,
    ),
  );
  const { code, report } = await runBatch(lab, target, { date: '2026-03-01' });
  expect(code).toBe(3);
  expect(report.reason).toMatch(/0 of 2 pages completed/);
  const letters = await lab.lines('locked-out', report.batch, 'dead-letters.ndjson');
  expect(letters.map(({ failure }) => failure)).toEqual([
    { code: 'LOGIN_FAILED', message: 'login failed: the shop refuses the password' },
    { code: 'LOGIN_FAILED', message: 'login failed: the shop refuses the password' },
  ]);
});
