/** Frames come seldom in a headless shell, and all that waits for one works. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Page } from 'playwright';
import { afterEach, describe, expect, test } from 'vitest';
import { findChromium } from '../../../browser-pool/find-chromium.mjs';
import { hasFramePump } from '../../../browser-pool/frame-pump.js';
import { processesOf } from '../../../browser-pool/leftovers.js';
import { anyone, openPool, type PoolLab } from './pool-lab.js';

let lab: PoolLab;

/** A page with one of each kind of thing that waits for frames; what came is counted in `seen`. */
const WAITING = `
  document.body.innerHTML = '<div id="far" style="margin-top:3000px;height:10px">far</div><button id="b">b</button>';
  const seen = (globalThis.seen = { frames: 0, intersections: 0, resizes: 0, scrolls: 0, clicks: 0, transitions: 0 });
  const frame = () => { seen.frames++; requestAnimationFrame(frame); };
  frame();
  const far = document.querySelector('#far');
  new IntersectionObserver((entries) => { if (entries.some((e) => e.isIntersecting)) seen.intersections++; }).observe(far);
  new ResizeObserver(() => seen.resizes++).observe(far);
  addEventListener('scroll', () => seen.scrolls++);
  document.querySelector('#b').addEventListener('click', () => seen.clicks++);
  far.style.transition = 'height 50ms';
  far.addEventListener('transitionend', () => seen.transitions++);`;

async function framesIn(page: Page, ms: number): Promise<number> {
  return page.evaluate(async (ms) => {
    let frames = 0;
    let going = true;
    const count = () => {
      frames += 1;
      if (going) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
    await new Promise((resolve) => setTimeout(resolve, ms));
    going = false;
    return frames;
  }, ms);
}

const seen = (page: Page) => page.evaluate('globalThis.seen') as Promise<Record<string, number>>;

describe.skipIf(!hasFramePump(findChromium()?.path ?? ''))('a headless shell', () => {
  afterEach(() => lab.close());

  test('scripts that wait for a frame get it, and so do a person and a camera', async () => {
    lab = await openPool();
    const { page, release } = await lab.pool.lease(anyone());
    await page.evaluate(WAITING);
    await expect.poll(async () => (await seen(page)).frames).toBeGreaterThan(2);
    await page.evaluate("document.querySelector('#far').style.height = '99px'");
    await expect.poll(() => seen(page)).toMatchObject({ transitions: 1 });
    await page.mouse.wheel(0, 2_000);
    await expect.poll(async () => (await seen(page)).scrolls).toBeGreaterThan(0);
    await page.click('#b');
    await page.hover('#far');
    expect(await seen(page)).toMatchObject({ clicks: 1 });
    await expect.poll(async () => (await seen(page)).intersections).toBeGreaterThan(0);
    await expect.poll(async () => (await seen(page)).resizes).toBeGreaterThan(1);
    expect((await page.screenshot()).length).toBeGreaterThan(1_000);
    expect((await page.screenshot({ fullPage: true })).length).toBeGreaterThan(1_000);
    expect(await page.evaluate('[document.visibilityState, document.hasFocus()].join()')).toBe(
      'visible,true',
    );
    await release('good');
  });

  test('half as many frames as usual in each of two pages; none when no lease works with the page', async () => {
    lab = await openPool();
    const [one, other] = await Promise.all([lab.pool.lease(anyone()), lab.pool.lease(anyone())]);
    const counts = () => Promise.all([framesIn(one.page, 1_000), framesIn(other.page, 1_000)]);
    // Never more, and so many once the machine has the time for them.
    await expect
      .poll(async () => {
        const all = await counts();
        expect(Math.max(...all)).toBeLessThan(45);
        return Math.min(...all);
      })
      .toBeGreaterThan(8);
    const { page } = one;
    await Promise.all([one.release('good'), other.release('good')]);
    await expect.poll(() => lab.pool.stats().leased).toBe(0);
    expect(await framesIn(page, 500)).toBeLessThan(3);
  });

  test("a page that stands still, a page that shows a dialog: the other one's frames go on", async () => {
    lab = await openPool();
    const still = await lab.pool.lease(anyone());
    const renderers = rendererProcesses();
    const other = await lab.pool.lease(anyone());
    // Once the stopped one's frame has been waited for, and also on a slow machine.
    const goesOn = () =>
      expect.poll(() => framesIn(other.page, 1_000), { timeout: 20_000 }).toBeGreaterThan(4);
    for (const pid of renderers) process.kill(pid, 'SIGSTOP');
    try {
      await goesOn();
    } finally {
      for (const pid of renderers) process.kill(pid, 'SIGCONT');
    }
    await expect.poll(() => framesIn(still.page, 500), { timeout: 10_000 }).toBeGreaterThan(4);
    still.page.on('dialog', () => undefined);
    void still.page.evaluate('alert(1)').catch(() => undefined);
    await goesOn();
    await still.release('broken');
    await other.release('good');
  });

  test('the process that draws dies: frames come from the next one', async () => {
    lab = await openPool();
    const lease = await lab.pool.lease(anyone());
    await framesIn(lease.page, 200);
    const [drawing, ...more] = drawingProcesses();
    expect(more).toEqual([]);
    process.kill(drawing as number, 'SIGKILL');
    await expect.poll(() => framesIn(lease.page, 500), { timeout: 10_000 }).toBeGreaterThan(4);
    expect((await lease.page.screenshot()).length).toBeGreaterThan(1_000);
    await lease.release('good');
  });

  test('as usual where that is asked for', async () => {
    lab = await openPool({ frames: 'usual' });
    const lease = await lab.pool.lease(anyone());
    await expect.poll(() => framesIn(lease.page, 1_000), { timeout: 10_000 }).toBeGreaterThan(45);
    await lease.release('good');
  });
});

function rendererProcesses(): number[] {
  return processesOf(lab.temp).filter((pid) => isLike(pid, '--type=renderer'));
}

/** It does not name the browser's folder, nor does its parent: it is told by who is above that. */
function drawingProcesses(): number[] {
  const ours = new Set(processesOf(lab.temp));
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isLike(pid, '--type=gpu-process'))
    .filter((pid) => ours.has(parentOf(pid)) || ours.has(parentOf(parentOf(pid))));
}

function isLike(pid: number, argument: string): boolean {
  return read(`/proc/${pid}/cmdline`).includes(argument);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1]);
}

/** Empty when the process is gone. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
