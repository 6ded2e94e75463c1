import { expect, test } from 'vitest';
import { shareSlots } from '../../../src/throttle/share-slots.js';

const all = Number.POSITIVE_INFINITY;

test.each([
  { slots: 8, wants: [], shares: [] },
  { slots: 8, wants: [all], shares: [8] },
  { slots: 8, wants: [all, all], shares: [4, 4] },
  { slots: 8, wants: [all, 1], shares: [7, 1] },
  { slots: 8, wants: [2, all, all], shares: [2, 3, 3] },
  { slots: 7, wants: [all, all], shares: [4, 3] },
  { slots: 8, wants: [1, 1], shares: [4, 4] },
  { slots: 1, wants: [all, all, 1], shares: [1, 1, 1] },
])('$slots slots for $wants: $shares', ({ slots, wants, shares }) => {
  expect(shareSlots(slots, wants)).toEqual(shares);
});
