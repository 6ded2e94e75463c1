import { expect, test } from 'vitest';
import { type LaneFacts, laneStandingOf } from '../../../src/batch/lane-standing.js';

const counts: LaneFacts['counts'] = { completed: 100, readBy: { soft: 60, carried: 10, learning: 7 } };
const learning = { of: 'a, 2 segments', learning: true } as const;
const fetching = { of: 'b, 2 segments' };
const refused = { of: 'c, 2 segments', why: 'its requests\u001b[31m differ' };

function standing(more: Partial<LaneFacts['book']> = {}, isShared = false) {
  return laneStandingOf({ counts, book: { samples: 5, off: undefined, notes: [], ...more }, isShared });
}

test('pages are counted as the report does: what is neither fetched nor carried over was rendered', () => {
  expect(standing()).toEqual({
    stage: 'learning',
    fetched: 60,
    rendered: 30,
    renderedFor: { learning: 7 },
    compared: 5,
    kinds: [],
  });
});

test('the lane is at what the furthest of its kinds is at; of what is not learned it says why', () => {
  expect(standing({ notes: [learning, refused] })).toMatchObject({ stage: 'learning' });
  expect(standing({ notes: [refused, fetching, learning] })).toMatchObject({ stage: 'fetching' });
  const why = 'its requests differ';
  expect(standing({ notes: [refused] })).toMatchObject({
    ...{ stage: 'not-learned', why },
    kinds: [{ kind: 'c, 2 segments', stage: 'not-learned', why }],
  });
});

test('of each kind the latest word counts', () => {
  const again = { of: fetching.of, learning: true, why: '5 pages in a row' } as const;
  expect(standing({ notes: [fetching, again] })).toMatchObject({
    ...{ stage: 'learning', why: '5 pages in a row' },
    kinds: [{ kind: 'b, 2 segments', stage: 'learning', why: '5 pages in a row' }],
  });
  expect(standing({ notes: [again, fetching] })).toMatchObject({ stage: 'fetching' });
});

test('off is off, whatever its kinds were at', () => {
  const off = { reason: '/p/7 gives other rows', doubt: true };
  expect(standing({ off, notes: [fetching] })).toMatchObject({ stage: 'off', why: off.reason });
  expect(standing({ notes: [fetching] }, true)).toMatchObject({ stage: 'off', kinds: [] });
});
