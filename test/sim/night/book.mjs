// @ts-check
/** What the farm tells of its nights, written down; and the batches that are at work on the simulated clock. */

/** @typedef {{ batch: string, endsMs: number, night: import('./simulate.mjs').Night }} AtWork */

/**
 * @typedef {object} Book
 * @property {import('../../../src/schedule/events.js').OnNightEvent} take
 * @property {(target: string) => boolean} runs
 * @property {() => number} nextEndMs Infinity when nothing runs
 * @property {(nowMs: number) => AtWork[]} end those that end now
 * @property {(ms: number) => void} shift nothing went on for so long
 */

/** @param {import('./simulate.mjs').Week} week @param {import('./fake-date.mjs').FakeClock} clock @returns {Book} */
export function openBook(week, clock) {
  /** By target. @type {Map<string, AtWork>} */
  const atWork = new Map();

  /** @param {{ target: string, due: string }} told @returns {import('./simulate.mjs').Night} */
  function nightOf({ target, due }) {
    const dueMs = Date.parse(due);
    const known = week.nights.find((night) => night.target === target && night.dueMs === dueMs);
    if (known !== undefined) return known;
    /** @type {import('./simulate.mjs').Night} */
    const night = { target, dueMs, why: 'on time', missed: false, more: 0 };
    week.nights.push(night);
    return night;
  }

  /** @param {string} target @param {'delivered' | 'cancelled'} end */
  function over(target, end) {
    const ended = atWork.get(target);
    if (ended === undefined) return;
    Object.assign(ended.night, { endedMs: clock.nowMs(), end });
    atWork.delete(target);
  }

  return {
    take(event) {
      switch (event.kind) {
        case 'night.began': {
          const night = nightOf(event);
          const begunMs = clock.nowMs();
          if (night.begunMs !== undefined) week.problems.push(`${event.target} began ${event.due} twice`);
          Object.assign(night, { begunMs, date: event.date });
          const takesMs = week.targets.find(({ name }) => name === event.target)?.takesMs ?? 0;
          atWork.set(event.target, { batch: event.batch, endsMs: begunMs + takesMs, night });
          return;
        }
        case 'night.missed':
          Object.assign(nightOf(event), { why: event.skipped ? 'let go' : 'late once' });
          Object.assign(nightOf(event), { missed: true, more: event.missed });
          return;
        case 'night.skipped':
          nightOf(event).why = 'skipped';
          return;
        case 'night.queued':
          nightOf(event).why = 'queued';
          return;
        case 'night.cancelled-last':
          nightOf(event).why = 'cancelled last';
          over(event.target, 'cancelled');
          return;
        case 'night.failed':
        case 'schedule.refused':
          week.problems.push(`${event.kind} ${event.target}: ${event.reason}`);
          return;
        case 'schedule.changed':
          if (event.change !== 'add') week.problems.push(`${event.kind} ${event.target}: ${event.change}`);
          return;
      }
    },
    runs: (target) => atWork.has(target),
    nextEndMs: () => Math.min(...[...atWork.values()].map(({ endsMs }) => endsMs)),
    end(nowMs) {
      const ended = [...atWork].filter(([, { endsMs }]) => endsMs <= nowMs);
      for (const [target] of ended) over(target, 'delivered');
      return ended.map(([, one]) => one);
    },
    shift(ms) {
      for (const one of atWork.values()) one.endsMs += ms;
    },
  };
}
