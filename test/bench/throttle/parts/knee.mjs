// @ts-check
/** A: the share of refusals and the time of the whole run, beside the best fixed limit and other clients. */
import { startOf } from '../figures.mjs';
import { measure } from '../measure.mjs';
import { RUN_HEAD, rowOf } from '../report.mjs';
import { median, sweepLimits } from '../sweep.mjs';

/** @typedef {import('../measure.mjs').Run} Run */
/** @typedef {import('../main.mjs').Bench} Bench */

const REFUSED_SHARE = 0.01;
const AS_LONG = 1.15;
/** A run of fewer pages than this pays more for the search than the figure allows for. */
const WHOLE_RUN = 1_000;
const SHORT_AS_LONG = 1.5;
/** Ours, the best fixed limit, the first of the others. */
const SHOWN_MOVED = 3;

const SCENES = [
  { id: 'stays', title: 'the knee stays at 4', knee: undefined },
  { id: 'to12', title: 'the knee moves from 4 to 12 after half of the pages', knee: 12 },
  { id: 'to2', title: 'the knee moves from 4 to 2 after half of the pages', knee: 2 },
];

/**
 * @param {Bench} bench
 * @param {import('../forms.mjs').Form} form
 */
export async function kneePart(bench, form) {
  const pages = bench.pages ?? form.pages;
  /** @type {import('../plot.mjs').Drawn[]} */
  const moved = [];
  for (const { title, knee } of SCENES.filter((one) => bench.knees.includes(one.id))) {
    const move = knee === undefined ? undefined : { afterPages: Math.floor(pages / 2), knee };
    const target = { ...form.target, move };
    const runs = await scene(bench, form, { title, target, pages });
    if (move === undefined) {
      const file = form.id === 'control' ? 'throttle-knee' : 'throttle-browser';
      await bench.draw(file, runs, `${form.title}: ${title}`);
    } else
      for (const run of runs.slice(0, SHOWN_MOVED))
        moved.push({ ...run, name: `${run.name}, knee ${knee}`, marks: [movedAt(run, move)] });
  }
  if (form.id === 'control' && moved.length > 0)
    await bench.draw('throttle-moved', moved, `${form.title}: the knee moves (dashed) to 12 and to 2`);
}

/**
 * @param {Bench} bench
 * @param {import('../forms.mjs').Form} form
 * @param {{ title: string, target: import('../target.mjs').TargetOptions, pages: number }} what
 * @returns {Promise<Run[]>} ours first, the best fixed limit second
 */
async function scene({ report, rounds, capS }, form, { title, target, pages }) {
  report.section(`${form.title}, ${pages} pages: ${title}`);
  /** @param {import('../measure.mjs').Client} client @param {number} [atMostS] */
  const run = async (client, atMostS = capS) => {
    const measured = await measure(client, { target, pages, capS: atMostS });
    report.progress(`  ${rowOf(measured).slice(0, 5).join(' · ')}`);
    return measured;
  };
  const sweep = await sweepLimits(
    async (limit, atMostS) => {
      const { capped, figures } = await run(form.fixed(limit), atMostS);
      return capped ? Number.POSITIVE_INFINITY : figures.seconds;
    },
    { rounds, capS },
  );
  report.say(
    `Fixed limits, seconds of each run: ${sweep.tried
      .map(
        ({ limit, seconds }) =>
          `**${limit}**: ${seconds.map((one) => (Number.isFinite(one) ? one.toFixed(1) : 'too slow')).join(', ')}`,
      )
      .join('; ')}. Best: ${sweep.best}.`,
  );
  /** @type {Run[]} */
  const ours = [];
  /** @type {Run[]} */
  const held = [];
  /** @type {Run[]} */
  const best = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await run(form.ours()));
    held.push(await run(form.held(sweep.best)));
    best.push(await run(form.fixed(sweep.best)));
  }
  /** @type {Run[]} */
  const others = [];
  for (const client of form.others(sweep.best)) others.push(await run(client));
  report.table(RUN_HEAD, [...ours, ...held, ...best, ...others].map(rowOf));
  judge(report, { ours, held, best, pages, title: `${form.title}, ${title}` });
  return [middle(ours), middle(best), ...others];
}

/**
 * @param {import('../report.mjs').Report} report
 * @param {{ ours: readonly Run[], held: readonly Run[], best: readonly Run[], pages: number, title: string }} runs
 */
function judge(report, { ours, held, best, pages, title }) {
  const asked = ours.reduce((sum, { figures }) => sum + figures.asked, 0);
  const refused = ours.reduce((sum, { figures }) => sum + figures.refused, 0);
  const served = Math.min(...ours.map(({ figures }) => figures.pages));
  const by = (/** @type {readonly Run[]} */ others) =>
    median(ours.map(secondsOf)) / median(others.map(secondsOf));
  report.check(`${title}: every page is served`, served === pages, `${served} of ${pages}`);
  report.check(
    `${title}: under 1 % of the answers are 429`,
    refused < asked * REFUSED_SHARE,
    `${refused} of ${asked}, ${((100 * refused) / asked).toFixed(2)} %`,
  );
  const bound = pages < WHOLE_RUN ? SHORT_AS_LONG : AS_LONG;
  for (const [what, others] of /** @type {const} */ ([
    ['the best fixed limit', best],
    ['the farm held to that limit', held],
  ])) {
    const ratio = by(others);
    report.check(
      `${title}: at most ${bound} times ${what}`,
      ratio <= bound,
      `${ratio.toFixed(2)} (medians of ${ours.length})`,
    );
  }
}

/** @param {Run} run */
function secondsOf({ figures, capped }) {
  return capped ? Number.POSITIVE_INFINITY : figures.seconds;
}

/** The run of the median time, of two the quicker one. @param {readonly Run[]} runs */
function middle(runs) {
  const sorted = [...runs].sort((a, b) => secondsOf(a) - secondsOf(b));
  return /** @type {Run} */ (sorted[Math.floor((sorted.length - 1) / 2)]);
}

/**
 * When the knee moved, seconds from the run's first request.
 * @param {Run} run
 * @param {{ afterPages: number }} move
 */
function movedAt({ log }, { afterPages }) {
  const ends = log.filter(({ status, whole }) => status === 200 && whole).map(({ atMs, ms }) => atMs + ms);
  return ((ends[afterPages - 1] ?? startOf(log)) - startOf(log)) / 1_000;
}
