/** The dashboard in a real browser: nights at a glance, a held batch and what is in its way, buttons, keys, text that is only text. */

import axe from 'axe-core';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DashboardFarm, openDashboardFarm } from '../support/dashboard-farm.js';
import type { Running } from '../support/lab.js';
import { casesOf } from '../support/long.js';
import { openVisitor, type Visitor } from '../support/visitor.js';

/** Where pictures for the docs go: SCREENSHOTS=docs/img npx vitest run test/e2e/dashboard.test.ts */
const pictures = process.env.SCREENSHOTS;
const TOKEN = '0123456789abcdef0123456789abcdef';
let farm: DashboardFarm;
/** Of the same farm, for those who have the token. */
let guarded: Running;
let visitor: Visitor;
let held: string;

beforeAll(async () => {
  farm = await openDashboardFarm({ demo: pictures !== undefined });
  guarded = farm.lab.start(['serve', '--host', '0.0.0.0', '--port', '0'], { THRESH_TOKEN: TOKEN });
  visitor = await openVisitor();
  [held] = await Promise.all([
    farm.night('toys', '2026-03-02'),
    farm.night('prices', '2026-03-02'),
    farm.night('books', '2026-03-01'),
  ]);
  await farm.night('books', '2026-03-02');
});

afterAll(async () => {
  await visitor?.close();
  await farm?.close();
});

interface Seen {
  page: Page;
  /** What the browser complained of: errors, and what the policy forbade. */
  complaints: string[];
}

async function open(path: string, { dark = false, width = 1200 } = {}): Promise<Seen> {
  const context = await visitor.browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  await page.goto(`${farm.url}${path}`);
  return { page, complaints };
}

async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      }
    ).axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
    );
  });
}

test('the front page shows each target and night with its verdict, and is walked by keys', async () => {
  const { page, complaints } = await open('/');
  const nights = page.locator('table.nights');
  await nights.getByRole('link', { name: /^toys, Mon 2 Mar: held/ }).waitFor();
  expect(await nights.getByRole('link').evaluateAll((links) => links.map((link) => link.className))).toEqual([
    'night v-delivered',
    'night v-delivered',
    'night v-delivered',
    'night v-held',
  ]);
  expect(await page.locator('.tiles').first().textContent()).toMatch(/2 delivered.*1 held/);
  await page.keyboard.press('/');
  await page.keyboard.type('bo');
  expect(await nights.locator('tbody tr').count()).toBe(1);
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await nights.getByRole('link', { name: /^books, Sun 1 Mar/ }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown'); // garden has no night there
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/batches/${held}`);
  await page.keyboard.press('g');
  await nights.waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a held batch says why, shows its failures beside their HTML, and all of it is only text', async () => {
  const { page, complaints } = await open(`/batches/${held}`);
  await page
    .getByText(/pages completed/)
    .first()
    .waitFor();
  const failure = page.locator('.failed').first();
  const picture = failure.locator('img');
  await picture.scrollIntoViewIfNeeded();
  await expect
    .poll(() => picture.evaluate((img) => (img as HTMLImageElement).naturalWidth))
    .toBeGreaterThan(0);
  await expect.poll(() => failure.locator('pre').textContent()).toContain('&lt;script&gt;window.owned=1');
  expect(await page.locator('details summary').first().textContent()).toContain('<img src=x onerror=');
  expect(await page.locator('.checks .refused').count()).toBeGreaterThan(0);
  await expect.poll(() => page.locator('figure.chart').count()).toBe(4);
  expect(await page.locator('figure.chart figcaption').first().textContent()).toMatch(/pages\/s: .* at last/);
  expect(await page.evaluate(() => 'owned' in window)).toBe(false);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('refused rows are shown with what stood there, as text', async () => {
  const batches = (await (await fetch(`${farm.url}/api/batches?target=prices`)).json()) as {
    batches: { batch: string }[];
  };
  const { page, complaints } = await open(`/batches/${batches.batches[0]?.batch}`);
  const quarantine = page.locator('section', { has: page.locator('#quarantine') });
  await quarantine.getByText('price', { exact: true }).waitFor();
  expect(await quarantine.textContent()).toContain('"n/a"');
  expect(await page.evaluate(() => 'owned' in window)).toBe(false);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a batch is compared with the one before it when that is asked for', async () => {
  const { batches } = (await (await fetch(`${farm.url}/api/batches?target=books`)).json()) as {
    batches: { batch: string }[];
  };
  const [second, first] = batches.map(({ batch }) => batch);
  const { page, complaints } = await open(`/batches/${second}`);
  await page.getByRole('button', { name: 'Compare with the batch before' }).click();
  const changed = page.locator('section', { has: page.locator('#what-changed') });
  await changed.getByText('The same').waitFor();
  expect(await changed.locator('dl').textContent()).toMatch(/Added0.*Gone0.*Changed0.*The same6 of 6 rows/);
  await changed.getByRole('link', { name: first ?? '' }).waitFor();
  expect(await violationsOf(page)).toEqual([]);
  await page.goto(`${farm.url}/batches/${first}`);
  await page.getByRole('button', { name: 'Compare with the batch before' }).click();
  await page
    .getByRole('alert')
    .getByText(/no dataset of books of a date before 2026-03-01/)
    .waitFor();
  expect(complaints.filter((words) => !words.includes('400'))).toEqual([]);
  await page.context().close();
});

const LOOKS = [
  { name: 'light', dark: false, width: 1200 },
  { name: 'dark, on a phone', dark: true, width: 390 },
  { name: 'dark', dark: true, width: 1200 },
  { name: 'on a phone', dark: false, width: 390 },
];
test.for(casesOf(LOOKS, 2))('nothing keeps people out: $name', async (look) => {
  for (const path of ['/', `/batches/${held}`]) {
    const { page } = await open(path, look);
    await page.locator(path === '/' ? 'table.nights' : '.checks').waitFor();
    expect(await violationsOf(page), path).toEqual([]);
    const overhang = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overhang, `${path} does not scroll sideways`).toBeLessThanOrEqual(0);
    await page.context().close();
  }
});

test('a batch is begun, watched to its end, and a held one is released', async () => {
  const { page } = await open('/');
  await page.getByRole('button', { name: 'Begin a batch' }).click();
  await page.getByLabel('Target', { exact: true }).selectOption('garden');
  await page.getByLabel('Date').fill('2026-03-02');
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  await page.waitForURL('**/batches/garden-20260302-*');
  await page.locator('.chip.v-delivered').waitFor({ timeout: 30_000 });
  await page.goto(`${farm.url}/batches/${held}`);
  await page.getByRole('button', { name: 'Release' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click();
  await page.locator('.chip.v-delivered').waitFor({ timeout: 30_000 });
  await page.getByText('A person released it all the same.').waitFor();
  await page.context().close();
}, 90_000);

test('the queues can be looked at, and not touched', async () => {
  const { page, complaints } = await open('/queues/');
  await page.getByText('thresh-batches').first().waitFor();
  expect(complaints.filter((words) => !words.includes('fonts.googleapis.com'))).toEqual([]);
  const retried = await fetch(`${farm.url}/queues/api/queues/thresh-batches/retry/failed`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(retried.status).toBeGreaterThanOrEqual(400);
  await page.context().close();
});

test('where a token is wanted, a person signs in and gets a cookie that no script and no other site can use', async () => {
  await guarded.says(/serving http/);
  const { port } = new URL(/serving (http:\S+)/.exec(guarded.said())?.[1] ?? '');
  const url = `http://127.0.0.1:${port}`;
  const page = await visitor.browser.newPage();
  await page.goto(url);
  await page.getByLabel(/Token/).fill('wrong-wrong-wrong-wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('that is not the token').waitFor();
  await page.getByLabel(/Token/).fill(TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('table.nights').waitFor();
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  expect(cookie?.value).not.toContain(TOKEN);
  const pause = (headers: Record<string, string>) =>
    fetch(`${url}/api/batches/${held}/pause`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: `${cookie?.name}=${cookie?.value}`, ...headers },
      body: '{}',
    }).then(({ status }) => status);
  expect(await pause({})).toBe(403);
  expect(await pause({ 'x-thresh-csrf': '1' })).toBe(400); // it has ended: what was asked was allowed
  expect(await pause({ 'x-thresh-csrf': '1', origin: 'http://evil.example' })).toBe(403);
  expect(await pause({ 'x-thresh-csrf': '1', cookie: `${cookie?.name}=9999999999999.forged` })).toBe(401);
  expect((await fetch(`${url}/queues/`)).status).toBe(401);
  expect((await fetch(`${url}/api/farm`)).status).toBe(401);
  await page.close();
  guarded.child.kill('SIGTERM');
  expect((await guarded.ended).code).toBe(0);
});

if (pictures !== undefined)
  test('pictures for the docs', async () => {
    for (let day = 3; day <= 9; day++)
      for (const target of ['books', 'garden', 'prices', ...(day % 3 === 0 ? ['toys'] : [])])
        await farm.night(target, `2026-03-0${day}`);
    const last = await farm.night('toys', '2026-03-10');
    await fetch(`${farm.url}/api/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ target: 'garden', date: '2026-03-10' }),
    });
    const looks = [
      { name: 'farm-light', path: '/', shown: 'table.nights a.v-held', dark: false, width: 1200 },
      { name: 'farm-phone', path: '/', shown: 'table.nights a.v-held', dark: false, width: 390 },
      { name: 'batch-dark', path: `/batches/${last}`, shown: '.failed img', dark: true, width: 1200 },
    ];
    for (const { name, path, shown, ...look } of looks) {
      const { page } = await open(path, look);
      await page.locator(shown).first().waitFor();
      await page.waitForTimeout(700); // charts and pictures are drawn
      await page.screenshot({ path: `${pictures}/dashboard-${name}.png`, fullPage: true });
      await page.context().close();
    }
  });
