// @ts-check
/** What has to be so of a simulated week, whichever it is. */
import { clockOf, dateOf, dueTimes } from './wall-clock.mjs';

/** @typedef {import('./simulate.mjs').Night} Night */
/** @typedef {import('./simulate.mjs').Week} Week */
/** @typedef {import('./targets.mjs').SimTarget} SimTarget */
/** @typedef {{ name: string, of: number, failures: string[] }} Check `of`: so many were looked at */

const DAY_MS = 24 * 3_600_000;
/** A job that waits for the last batch looks again every two seconds. */
const SOON_MS = 5_000;

/** @typedef {{ target: SimTarget, due: number[], nights: Night[] }} Looked a target, when it has to be due, and its nights */
/** @typedef {Week & { all: Looked[] }} LookedWeek */

/** @param {Week} simulated @returns {Check[]} */
export function checksOf(simulated) {
  const { targets, nights, fromMs, toMs } = simulated;
  const week = {
    ...simulated,
    all: targets.map((target) => ({
      target,
      due: dueTimes(target, fromMs, toMs),
      nights: nights.filter((night) => night.target === target.name).sort((a, b) => a.dueMs - b.dueMs),
    })),
  };
  return [
    dueAsTheClockSays(week),
    onceADate(week),
    atItsTime(week),
    missedNights(week),
    neverTwoAtOnce(week),
    overlapSkip(week),
    overlapQueue(week),
    overlapCancel(week),
    schedulesStand(week),
    { name: 'nothing failed, and no night began twice', of: 1, failures: simulated.problems },
  ];
}

/** @param {LookedWeek} week @param {(target: SimTarget) => boolean} which */
const eachOf = ({ all }, which) => all.filter(({ target }) => which(target));

/** @param {SimTarget} target */
const isLong = ({ takesMs }) => takesMs > DAY_MS;

/** @param {SimTarget} target @param {number} ms */
const told = (target, ms) => `${target.name} ${clockOf(target.tz, ms)}`;

/** @param {Week} week @param {number} ms */
const isOff = ({ off }, ms) => ms > off.fromMs && ms <= off.toMs;

/** @param {LookedWeek} week @returns {Check} */
function dueAsTheClockSays(week) {
  /** @type {string[]} */
  const failures = [];
  let of = 0;
  for (const { target, due, nights } of week.all) {
    of += due.length;
    /** A night that was missed stands for those that were missed after it. */
    const covered = new Set(
      nights.flatMap(({ dueMs, more }) => due.slice(due.indexOf(dueMs), due.indexOf(dueMs) + 1 + more)),
    );
    for (const ms of due) if (!covered.has(ms)) failures.push(`${told(target, ms)} was left out`);
    for (const { dueMs } of nights)
      if (!due.includes(dueMs)) failures.push(`${told(target, dueMs)} was due, and should not be`);
  }
  return { name: 'due when the clock of the zone says so, and at no other time', of, failures };
}

/** @param {LookedWeek} week @returns {Check} */
function onceADate(week) {
  const failures = [];
  let of = 0;
  const isPlain = (/** @type {SimTarget} */ target) =>
    !isLong(target) &&
    target.missed === 'run' &&
    target.at.hours.length === 1 &&
    target.at.weekdays === undefined;
  for (const { target, due, nights } of eachOf(week, isPlain)) {
    const dates = nights.flatMap(({ date }) => date ?? []);
    for (const date of due.map((ms) => dateOf(target.tz, ms))) {
      of += 1;
      const times = dates.filter((one) => one === date).length;
      if (times !== 1) failures.push(`${target.name} ran ${times} times on ${date}`);
    }
    if (dates.length !== due.length)
      failures.push(`${target.name} ran ${dates.length} times for ${due.length} dates`);
  }
  return { name: 'what is daily ran once on each date of its zone, never twice', of, failures };
}

/** @param {LookedWeek} week @returns {Check} */
function atItsTime(week) {
  const failures = [];
  let of = 0;
  for (const { target, nights } of week.all)
    for (const { dueMs, begunMs, date, why } of nights) {
      if (why !== 'on time') continue;
      of += 1;
      if (begunMs === undefined) failures.push(`${told(target, dueMs)} never began`);
      else if (begunMs - dueMs > 1_000)
        failures.push(`${told(target, dueMs)} began ${begunMs - dueMs} ms late`);
      if (date !== dateOf(target.tz, dueMs)) failures.push(`${told(target, dueMs)} is for ${date}`);
    }
  return { name: 'begun at its time, for the date in its zone', of, failures };
}

/** @param {LookedWeek} week @returns {Check} */
function missedNights(week) {
  const failures = [];
  let of = 0;
  for (const { target, due, nights } of eachOf(week, (target) => !isLong(target))) {
    const missed = due.filter((ms) => isOff(week, ms));
    if (missed.length === 0) continue;
    of += 1;
    const [night, ...others] = nights.filter((one) => one.missed);
    if (night === undefined || others.length > 0 || night.more !== missed.length - 1)
      failures.push(`${target.name} was to be told of once, with ${missed.length} times`);
    else if (target.missed === 'skip' && night.begunMs !== undefined)
      failures.push(`${target.name} was made up for`);
    else if (target.missed === 'run' && night.begunMs !== week.off.toMs)
      failures.push(`${target.name} was not made up for when a worker was there again`);
    else if (target.missed === 'run' && night.date !== dateOf(target.tz, missed.at(-1) ?? 0))
      failures.push(`${target.name} was made up for with the date ${night.date}`);
  }
  return { name: 'what nobody was there for ran once, late, or was let go', of, failures };
}

/** @param {LookedWeek} week @returns {Check} */
function neverTwoAtOnce(week) {
  const failures = [];
  let of = 0;
  for (const { target, nights } of week.all) {
    const ran = nights.filter(({ begunMs }) => begunMs !== undefined);
    ran.sort((a, b) => (a.begunMs ?? 0) - (b.begunMs ?? 0));
    of += ran.length;
    for (const [at, night] of ran.entries()) {
      const next = ran[at + 1];
      if (next !== undefined && (night.endedMs ?? Infinity) > (next.begunMs ?? 0))
        failures.push(`${told(target, next.dueMs)} began while the last batch ran`);
    }
  }
  return { name: 'never two batches of a target at once', of, failures };
}

/** What ran of the target just before. @param {readonly Night[]} nights @param {number} ms */
function runningAt(nights, ms) {
  return nights.find(
    ({ begunMs, endedMs = Infinity }) => begunMs !== undefined && begunMs < ms && endedMs > ms,
  );
}

/** @param {LookedWeek} week @returns {Check} */
function overlapSkip(week) {
  const failures = [];
  let of = 0;
  for (const { target, nights } of eachOf(week, (target) => isLong(target) && target.overlap === 'skip'))
    for (const night of nights) {
      of += 1;
      const atMs = isOff(week, night.dueMs) ? week.off.toMs : night.dueMs;
      const isBusy = runningAt(nights, atMs) !== undefined;
      if (isBusy !== (night.why === 'skipped')) failures.push(`${told(target, night.dueMs)}: ${night.why}`);
    }
  return { name: "overlap 'skip': left out while the last one ran, and only then", of, failures };
}

/** @param {LookedWeek} week @returns {Check} */
function overlapQueue(week) {
  const failures = [];
  let of = 0;
  for (const { target, nights } of eachOf(week, (target) => isLong(target) && target.overlap === 'queue')) {
    const ran = nights.filter(({ begunMs }) => begunMs !== undefined);
    for (const [at, night] of nights.entries()) {
      of += 1;
      const { dueMs, why, begunMs, date, missed } = night;
      if (why === 'skipped') {
        const waiting = nights
          .slice(0, at)
          .find((one) => one.why === 'queued' && (one.begunMs ?? Infinity) > dueMs);
        if (waiting === undefined) failures.push(`${told(target, dueMs)} was left out, though none waited`);
        continue;
      }
      if (begunMs === undefined) {
        if (at < nights.length - 1) failures.push(`${told(target, dueMs)} never began`);
        continue; // it waits when the week is over
      }
      const before = ran[ran.indexOf(night) - 1];
      const freeMs = Math.max(missed ? week.off.toMs : dueMs, before?.endedMs ?? 0);
      const resumedMs = isOff(week, freeMs) ? week.off.toMs : freeMs;
      if (begunMs - resumedMs > SOON_MS || begunMs < freeMs)
        failures.push(`${told(target, dueMs)} began ${begunMs - freeMs} ms after it could`);
      if (date !== dateOf(target.tz, dueMs)) failures.push(`${told(target, dueMs)} is for ${date}`);
    }
  }
  return {
    name: "overlap 'queue': begun when the last one had ended, for its own date; one waits at most",
    of,
    failures,
  };
}

/** @param {LookedWeek} week @returns {Check} */
function overlapCancel(week) {
  const failures = [];
  let of = 0;
  for (const { target, nights } of eachOf(week, (target) => isLong(target) && target.overlap === 'cancel'))
    for (const { dueMs, begunMs, why } of nights) {
      of += 1;
      const atMs = isOff(week, dueMs) ? week.off.toMs : dueMs;
      if (begunMs === undefined || begunMs - atMs > SOON_MS)
        failures.push(`${told(target, dueMs)} did not begin soon`);
      const last = nights.findLast((one) => one.dueMs < dueMs);
      if (why === 'cancelled last' && last?.end !== 'cancelled')
        failures.push(`${told(target, last?.dueMs ?? dueMs)} was not cancelled`);
    }
  return { name: "overlap 'cancel': every night began, and cancelled the last", of, failures };
}

/** @param {LookedWeek} week @returns {Check} */
function schedulesStand({ targets, standing, toMs }) {
  const failures = [];
  for (const target of targets) {
    const found = standing.filter((one) => one.target === target.name);
    const [next] = dueTimes(target, toMs - 1, toMs + 8 * DAY_MS);
    if (found.length !== 1 || found[0]?.nextMs !== next)
      failures.push(`${target.name} is due ${found.map(({ nextMs }) => nextMs).join()}, not ${next}`);
  }
  return { name: 'every schedule stands in Redis once, with its next time', of: targets.length, failures };
}
