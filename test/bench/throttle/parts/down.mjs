// @ts-check
/** D: the target refuses connections for minutes in the middle. The batch goes on by itself, and no page is lost by it. */
import { setTimeout as delay } from 'node:timers/promises';
import { threshRunClient } from '../clients/thresh-run.mjs';
import { startOf, stretchesOf } from '../figures.mjs';
import { measure } from '../measure.mjs';

/** @typedef {import('../target.mjs').Served} Served */

/** Of the pages, before it goes down. */
const SERVED_FIRST = 0.3;
const FULL_SPEED = 0.8;
const LOOK_MS = 2_000;
/** What came just before. */
const IN_FLIGHT_MS = 50;

/**
 * @param {import('../main.mjs').Bench} bench
 * @param {import('../forms.mjs').Form} form of real Chromium
 */
export async function downPart({ report, short, pages: asked, capS, draw }, form) {
  const pages = asked ?? form.pages;
  const downS = short ? 20 : 180;
  report.section(`${form.title}, ${pages} pages: the target refuses connections for ${downS} s`);
  const times = { downAtMs: 0, upAtMs: 0 };
  /** @type {{ atMs: number, retries: number }[]} */
  const failed = [];
  /** @type {import('../clients/thresh-run.mjs').Ended | undefined} */
  let ended;
  const client = threshRunClient({
    onRetries: (retries) => failed.push({ atMs: Date.now(), retries }),
    onEnd: (one) => {
      ended = one;
    },
  });
  const run = await measure(client, {
    target: form.target,
    pages,
    capS: capS + downS,
    async meanwhile(server, { signal }) {
      while (pagesOf(await server.log()) < pages * SERVED_FIRST) await delay(100, undefined, { signal });
      times.downAtMs = Date.now();
      await server.goDown();
      await delay(downS * 1_000, undefined, { signal });
      await server.comeUp();
      times.upAtMs = Date.now();
    },
  });
  const attempts = failed.filter(({ atMs }) => atMs >= times.downAtMs && atMs < times.upAtMs);
  const lastS = attempts.map(({ atMs }) => (atMs - times.downAtMs) / 1_000);
  const gaps = lastS.map((at, index) => at - (lastS[index - 1] ?? 0));
  const fullS = fullSpeedAfter(run.log, times);
  const books = ended?.report?.pages;
  report.table(
    ['', 'measured'],
    [
      ['exit code', ended?.code ?? 'none'],
      ['batch', ended?.report?.state ?? 'broken off'],
      ['pages completed', books?.completed ?? 0],
      ['dead letters', books?.dead ?? 0],
      [
        'pages served while it was down',
        pagesOf(during(run.log, times.downAtMs + IN_FLIGHT_MS, times.upAtMs)),
      ],
      ['attempts that failed while it was down', retriesIn(attempts, failed)],
      ['gaps between them, s', gaps.map((gap) => gap.toFixed(1)).join(', ')],
      ['first page after its return, s', secondsTo(firstServed(run.log, times.upAtMs), times.upAtMs)],
      ['full speed after its return, s', fullS ?? 'never'],
    ],
  );
  report.check('the batch ends delivered', ended?.code === 0, `${ended?.report?.state ?? 'broken off'}`);
  report.check('no page is a dead letter', books?.dead === 0, `${books?.dead ?? 'unknown'}`);
  report.check('every page is completed', books?.completed === pages, `${books?.completed ?? 0} of ${pages}`);
  const from = startOf(run.log);
  const marks = [times.downAtMs, times.upAtMs].map((at) => (at - from) / 1_000);
  await draw('throttle-down', [{ ...run, marks }], `The target refuses connections for ${downS} s (dashed)`);
}

/**
 * Pages in flight when it went down were looked at together with the first refused ones.
 * @param {readonly { retries: number }[]} attempts
 * @param {readonly { retries: number }[]} all
 */
function retriesIn(attempts, all) {
  const first = attempts[0];
  if (first === undefined) return 0;
  const before = all[all.indexOf(first) - 1]?.retries ?? 0;
  return (attempts.at(-1)?.retries ?? 0) - before;
}

/** @param {readonly Served[]} log */
function pagesOf(log) {
  return new Set(log.filter(({ status, whole }) => status === 200 && whole).map(({ page }) => page)).size;
}

/** @param {readonly Served[]} log @param {number} fromMs @param {number} untilMs */
function during(log, fromMs, untilMs) {
  return log.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
}

/** @param {readonly Served[]} log @param {number} fromMs */
function firstServed(log, fromMs) {
  return log.find(({ atMs, status, whole }) => atMs >= fromMs && status === 200 && whole);
}

/** @param {Served | undefined} served @param {number} sinceMs */
function secondsTo(served, sinceMs) {
  return served === undefined ? 'never' : ((served.atMs + served.ms - sinceMs) / 1_000).toFixed(1);
}

/**
 * Seconds until as many pages are served in two seconds as were on average before it went down, less a fifth.
 * @param {readonly Served[]} log
 * @param {{ downAtMs: number, upAtMs: number }} times
 */
function fullSpeedAfter(log, { downAtMs, upAtMs }) {
  const before = stretchesOf(log, { stretchMs: LOOK_MS, untilMs: downAtMs }).slice(1, -1);
  const usual = before.reduce((sum, { served }) => sum + served, 0) / Math.max(1, before.length);
  const after = stretchesOf(log, { stretchMs: LOOK_MS, fromMs: upAtMs });
  const at = after.findIndex(({ served }) => served >= usual * FULL_SPEED);
  return at < 0 ? undefined : ((at + 1) * LOOK_MS) / 1_000;
}
