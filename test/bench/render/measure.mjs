// @ts-check
/** One contender through one course, seen from outside: the driver's clock, /proc and the shop's log. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { courseOf, problemOf } from './course.mjs';
import { MARK, watchProcesses } from './process-watch.mjs';

/** @typedef {import('./contenders/contenders.mjs').Contender} Contender */
/** @typedef {import('./course.mjs').Kind} Kind */
/** @typedef {import('./course.mjs').Lane} Lane */
/** @typedef {import('./cpu-books.mjs').CpuMs} CpuMs */

/**
 * @typedef {object} Assignment
 * @property {Kind} kind
 * @property {Lane} lane
 * @property {number} pages that count when warm
 * @property {number} warmUp pages before them
 * @property {number} concurrency
 * @property {string} executablePath
 * @property {number} capS the run is ended after it
 */

/** @typedef {{ pages: number, seconds: number, pagesPerSecond: number, cpuMs: CpuMs }} Stretch CPU a page */

/**
 * @typedef {object} Run
 * @property {string} contender its id
 * @property {Kind} kind
 * @property {Lane} lane
 * @property {number} concurrency 0: its own to find
 * @property {number} inFlight pages, on average over the warm ones
 * @property {Stretch} cold all pages, from the process's start
 * @property {Stretch} warm the pages after the warm-up
 * @property {number} asking seconds from the first document asked for to the last row
 * @property {number} firstRowMs after the process's start
 * @property {{ p50: number, p95: number, p99: number }} pageMs of the warm pages, by the contender's own clock
 * @property {{ browser: number, node: number, peak: number }} pssMb medians, and the most of both together
 * @property {number} requests a page, all pages
 * @property {number} bytes a page
 */

const END_MS = 20_000;

/**
 * Throws when the contender fails or its rows are not the course's: its figures would say nothing.
 * @param {Contender} contender
 * @param {Assignment} assignment
 * @param {import('./shop-process.mjs').ShopProcess} shop
 * @returns {Promise<Run>}
 */
export async function measure(contender, assignment, shop) {
  const { kind, lane, pages, warmUp, concurrency, executablePath, capS } = assignment;
  const course = courseOf(kind, warmUp + pages);
  const temp = await mkdtemp(path.join(os.tmpdir(), 'thresh-bench-render-'));
  const mark = randomUUID();
  const watch = watchProcesses(mark);
  /** @type {Map<string, import('./course.mjs').Row[]>} */
  const read = new Map();
  /** @type {number[]} */
  const times = [];
  const moment = () => ({ atMs: performance.now(), cpuMs: watch.cpu() });
  /** @type {{ first?: ReturnType<typeof moment>, warm?: ReturnType<typeof moment>, last?: ReturnType<typeof moment> }} */
  const seen = {};
  let lastAtMs = 0;
  try {
    await shop.forget();
    const startedMs = performance.now();
    const task = {
      ...{ url: shop.url, others: shop.others, kind, lane, concurrency, executablePath, temp },
      pages: course.map(({ path: at, ready }) => ({ path: at, ready })),
    };
    const { child, ended } = await contender.start(task, { ...process.env, [MARK]: mark }, (page) => {
      read.set(page.path, page.rows);
      if (read.size > warmUp) times.push(page.ms);
      if (read.size === 1) seen.first = moment();
      if (read.size === warmUp) seen.warm ??= moment();
      if (read.size < course.length || seen.last !== undefined) return;
      seen.last = moment();
      lastAtMs = Date.now();
    });
    await inTime(ended, capS, () => child.kill('SIGTERM'));
    const problem = problemOf(course, read);
    const { first, warm, last } = seen;
    if (problem !== undefined || first === undefined || warm === undefined || last === undefined)
      throw new Error(problem ?? 'not all pages were read');
    const asked = await shop.asked();
    const warmly = stretchOf(warm, last, pages);
    const zero = { atMs: startedMs, cpuMs: { browser: 0, node: 0 } };
    return {
      ...{
        contender: contender.id,
        kind,
        lane,
        concurrency: contender.concurrency === 'own' ? 0 : concurrency,
      },
      cold: stretchOf(zero, last, course.length),
      warm: warmly,
      inFlight: times.reduce((sum, ms) => sum + ms, 0) / (warmly.seconds * 1_000),
      asking: (lastAtMs - asked.firstAtMs) / 1_000,
      firstRowMs: first.atMs - startedMs,
      pageMs: { p50: quantile(times, 0.5), p95: quantile(times, 0.95), p99: quantile(times, 0.99) },
      pssMb: memoryOf(watch.memory()),
      requests: asked.requests / course.length,
      bytes: asked.bytes / course.length,
    };
  } finally {
    await endAll(watch);
    watch.stop();
    await rm(temp, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** @typedef {{ atMs: number, cpuMs: CpuMs }} Moment */

/** @param {Moment} from @param {Moment} to @param {number} pages @returns {Stretch} */
function stretchOf(from, to, pages) {
  const seconds = (to.atMs - from.atMs) / 1_000;
  return {
    pages,
    seconds,
    pagesPerSecond: pages / seconds,
    cpuMs: {
      browser: (to.cpuMs.browser - from.cpuMs.browser) / pages,
      node: (to.cpuMs.node - from.cpuMs.node) / pages,
    },
  };
}

/** @param {readonly import('./process-watch.mjs').MemoryMb[]} looks */
function memoryOf(looks) {
  return {
    browser: quantile(
      looks.map(({ browser }) => browser),
      0.5,
    ),
    node: quantile(
      looks.map(({ node }) => node),
      0.5,
    ),
    peak: Math.max(0, ...looks.map(({ browser, node }) => browser + node)),
  };
}

/** @param {readonly number[]} values @param {number} share 0 for no values */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** @param {Promise<void>} ended @param {number} capS @param {() => void} stop */
async function inTime(ended, capS, stop) {
  const timer = setTimeout(stop, capS * 1_000);
  await ended.finally(() => clearTimeout(timer));
}

/** What a contender left behind is killed, so that the next one has the machine for itself. @param {import('./process-watch.mjs').ProcessWatch} watch */
async function endAll(watch) {
  for (const deadline = Date.now() + END_MS; Date.now() < deadline; await delay(100)) {
    const pids = watch.pids();
    if (pids.length === 0) return;
    for (const pid of pids) killQuietly(pid);
  }
}

/** @param {number} pid */
function killQuietly(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}
