/**
 * A process's slots, shared among the targets that it works for. Pure. Max-min fair: nobody gets more than they can
 * use, what they leave goes to the others in equal parts, and everybody gets at least one.
 */

/** `wants`: most that each can use. The shares are whole, in the same order, and their sum is `slots` where that is enough for one each. */
export function shareSlots(slots: number, wants: readonly number[]): number[] {
  const shares = wants.map(() => 1);
  for (let left = slots - wants.length; left > 0; left--) {
    const hungry = wants.map((want, at) => ({ at, share: shares[at] ?? 1, want }));
    const open = hungry.filter(({ share, want }) => share < want);
    // What nobody can use now is laid up with whoever has least, so that it is there when they can.
    const least = (open.length > 0 ? open : hungry).reduce((a, b) => (b.share < a.share ? b : a), NOBODY);
    if (least.at === NOBODY.at) break;
    shares[least.at] = least.share + 1;
  }
  return shares;
}

const NOBODY = { at: -1, share: Number.POSITIVE_INFINITY, want: 0 };
