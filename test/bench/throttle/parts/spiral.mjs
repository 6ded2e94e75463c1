// @ts-check
/** B: the target's answers take ten times as long for a while. In flight must fall, and come back when they are. */
import { setTimeout as delay } from 'node:timers/promises';
import { crawleeClient } from '../clients/crawlee.mjs';
import { farmClient } from '../clients/farm.mjs';
import { fixedClient } from '../clients/fixed.mjs';
import { startOf, stretchesOf } from '../figures.mjs';
import { measure } from '../measure.mjs';

/** @typedef {import('../measure.mjs').Run} Run */
/** @typedef {import('../report.mjs').Report} Report */

const SLOWER = 10;
const FALLS_WITHIN_S = 10;
const COMES_BACK_WITHIN_S = 60;
const BEFORE_S = 20;
const AFTER_S = COMES_BACK_WITHIN_S + 5;
/** More than anybody gets in that time. */
const PAGES = 12_000;
/** Of what was in flight before: fallen at a half, back at four fifths. */
const FALLEN = 0.5;
const BACK = 0.8;
/** What `in flight before` is the mean of. */
const LOOKED_BACK_S = 8;

/**
 * @param {import('../main.mjs').Bench} bench
 * @param {import('../forms.mjs').Form} form
 */
export async function spiralPart({ report, short, peers, draw }, { target }) {
  const slowS = short ? 20 : 120;
  report.section(`No death spiral: answers take ${SLOWER} times as long for ${slowS} s`);
  const clients = [
    farmClient(),
    fixedClient(target.knee),
    ...(peers ? [crawleeClient({ kind: 'http' })] : []),
  ];
  /** @type {(import('../plot.mjs').Drawn & Reaction)[]} */
  const runs = [];
  for (const client of clients) {
    const times = { slowAtMs: 0, backAtMs: 0 };
    const run = await measure(client, {
      target,
      pages: PAGES,
      capS: BEFORE_S + slowS + AFTER_S + 60,
      async meanwhile(server, { signal, end }) {
        while ((await server.log()).length === 0) await delay(100, undefined, { signal });
        await delay(BEFORE_S * 1_000, undefined, { signal });
        await server.slow(SLOWER);
        times.slowAtMs = Date.now();
        await delay(slowS * 1_000, undefined, { signal });
        await server.slow(1);
        times.backAtMs = Date.now();
        await delay(AFTER_S * 1_000, undefined, { signal });
        end();
      },
    });
    const from = startOf(run.log);
    const marks = [times.slowAtMs, times.backAtMs].map((at) => (at - from) / 1_000);
    runs.push({ ...run, ...reactionOf(run, times), marks });
    report.progress(`  ${run.name} · ${run.figures.pages} pages`);
  }
  report.table(
    [
      'client',
      'in flight before',
      'while slow',
      'fell to a half after, s',
      'back at four fifths after, s',
      '429',
      'pages',
    ],
    runs.map(({ name, before, slow, fellS, backS, figures }) => [
      name,
      before.toFixed(1),
      slow.toFixed(1),
      fellS ?? 'never',
      fellS === undefined ? '' : (backS ?? 'never'),
      figures.refused,
      figures.pages,
    ]),
  );
  const [ours] = runs;
  if (ours !== undefined) judge(report, ours);
  await draw('throttle-spiral', runs, `Answers take ${SLOWER} times as long for ${slowS} s (dashed)`);
}

/**
 * @typedef {object} Reaction
 * @property {number} before in flight, mean
 * @property {number} slow in flight while the target was slow, mean
 * @property {number | undefined} fellS seconds until in flight had fallen, mean over a second
 * @property {number | undefined} backS the same until it had come back
 */

/**
 * @param {Run} run
 * @param {{ slowAtMs: number, backAtMs: number }} times
 * @returns {Reaction}
 */
function reactionOf({ log }, { slowAtMs, backAtMs }) {
  /** @param {number} fromMs @param {number} untilMs */
  const inFlight = (fromMs, untilMs) =>
    stretchesOf(log, { stretchMs: 1_000, fromMs, untilMs }).map((stretch) => stretch.inFlight);
  const before = mean(inFlight(slowAtMs - LOOKED_BACK_S * 1_000, slowAtMs));
  const during = inFlight(slowAtMs, backAtMs);
  const after = inFlight(backAtMs, backAtMs + AFTER_S * 1_000);
  const second = (/** @type {number} */ at) => (at < 0 ? undefined : at + 1);
  return {
    before,
    slow: mean(during),
    fellS: second(during.findIndex((one) => one <= before * FALLEN)),
    backS: second(after.findIndex((one) => one >= before * BACK)),
  };
}

/** @param {Report} report @param {Reaction} ours */
function judge(report, { fellS, backS }) {
  report.check(
    `in flight falls within ${FALLS_WITHIN_S} s`,
    fellS !== undefined && fellS <= FALLS_WITHIN_S,
    fellS === undefined ? 'never' : `${fellS} s`,
  );
  report.check(
    `and comes back within ${COMES_BACK_WITHIN_S} s`,
    backS !== undefined && backS <= COMES_BACK_WITHIN_S,
    backS === undefined ? 'never' : `${backS} s`,
  );
}

/** @param {readonly number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
