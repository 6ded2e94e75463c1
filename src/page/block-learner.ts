/**
 * `block: 'auto'`: which hosts the rows of one kind of page do not need. The first pages are loaded whole and watched:
 * other hosts than the target's own that most of them ask are *candidates*. Then pages are loaded whole and once more
 * without the candidates. Where the rows are the same on `ENOUGH` of them, the candidates are left out from then on; where they
 * differ, halves are tried, down to the one that is needed. What was found in another batch is a candidate at once.
 */
export interface BlockLearner {
  /** False when it knows enough: no page need be watched any more. */
  isLearning(): boolean;
  /** Hosts (`example.com`, `example.com:8080`) that the rows do not need. */
  left(): readonly string[];
  /** Hosts that they need, or that nothing is known of. */
  needed(): readonly string[];
  /** A page that was loaded whole asked these. Returns those that it is to be loaded without as well; undefined: none. */
  watched(hosts: ReadonlySet<string>): readonly string[] | undefined;
  /** Whether the page that was watched last gave the same rows without them. */
  compared(isSame: boolean): void;
  /** A page of which nothing can be learned. */
  passed(): void;
  /** Nothing is left out. */
  giveUp(): void;
}

/** Pages that are watched before anything is tried. */
const WATCHED = 3;
/** Pages that gave the same rows, for a host to be left out. */
const ENOUGH = 3;
/** Of those, at least so many asked for it. */
const ASKED = 2;
const MOST_CANDIDATES = 10;
/** Each costs a page. */
const MOST_COMPARED = 40;
const MOST_PAGES = 100;

export interface KnownHosts {
  left: readonly string[];
  needed: readonly string[];
}

export function createBlockLearner(known?: KnownHosts): BlockLearner {
  const left = new Set<string>();
  const needed = new Set<string>(known?.needed);
  const asked = new Map<string, number>();
  /** To be tried, one group after the other. */
  let groups: string[][] | undefined =
    known === undefined || known.left.length === 0 ? undefined : [[...known.left]];
  let coverage = new Map<string, number>();
  let same = 0;
  let watching = 0;
  let compares = 0;
  let pages = 0;
  let isOver = false;

  const freshOnes = (): string[] =>
    [...asked]
      .filter(([host, times]) => times >= ASKED && !left.has(host) && !needed.has(host))
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_CANDIDATES)
      .map(([host]) => host);

  /** The next group, if there is anything to be tried. */
  function nextGroup(): string[] | undefined {
    if (groups === undefined) return undefined;
    while (groups[0]?.length === 0) groups.shift();
    if (groups.length === 0) {
      const fresh = freshOnes();
      if (fresh.length > 0) groups.push(fresh);
      else isOver = true;
    }
    return groups[0];
  }

  function endGroup(): void {
    groups?.shift();
    coverage = new Map();
    same = 0;
    nextGroup();
  }

  return {
    isLearning: () => !isOver,
    left: () => (groups === undefined ? [] : [...left].sort()),
    needed: () => [...needed].sort(),
    watched(hosts) {
      pages += 1;
      if (pages > MOST_PAGES) isOver = true;
      for (const host of hosts) asked.set(host, (asked.get(host) ?? 0) + 1);
      if (groups === undefined) {
        watching += 1;
        if (watching < WATCHED) return undefined;
        groups = [];
      }
      const group = nextGroup();
      if (group === undefined || isOver || !group.some((host) => hosts.has(host))) return undefined;
      for (const host of group) if (hosts.has(host)) coverage.set(host, (coverage.get(host) ?? 0) + 1);
      return [...left, ...group];
    },
    compared(isSame) {
      const group = groups?.[0];
      if (group === undefined || isOver) return;
      compares += 1;
      if (isSame) {
        same += 1;
        if (same >= ENOUGH) {
          for (const host of group) ((coverage.get(host) ?? 0) >= ASKED ? left : needed).add(host);
          endGroup();
        }
      } else {
        const half = Math.ceil(group.length / 2);
        if (group.length === 1) needed.add(group[0] as string);
        else groups?.splice(1, 0, group.slice(0, half), group.slice(half));
        endGroup();
      }
      if (compares >= MOST_COMPARED) isOver = true;
    },
    passed() {
      pages += 1;
      if (pages > MOST_PAGES) isOver = true;
    },
    giveUp() {
      left.clear();
      isOver = true;
    },
  };
}
