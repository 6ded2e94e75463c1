/** How a target's pages are fetched, kept where the next night finds it: `THRESH_HOME/targets/NAME/lane.json`. */
import { TEMPLATE_VERSION } from '../data-lane/template.js';
import type { KnownLane } from '../page/fetch/fetch-kind.js';
import type { LaneMemory } from '../page/fetch/fetch-lane.js';
import { createTargetFile } from './target-file.js';

interface LearnedLane {
  version: number;
  /** Of the target's file: another file may want other answers. */
  hash: string;
  /** By name. */
  kinds: Record<string, KnownLane & { batch: string; learnedAt: string }>;
}

const FILE = 'lane.json';

export function createLaneFile(
  home: string,
  { target, hash, batch }: { target: string; hash: string; batch: string },
): LaneMemory {
  const file = createTargetFile<LearnedLane>(home, target, FILE);
  async function kinds(): Promise<LearnedLane['kinds']> {
    const learned = await file.read();
    return learned?.hash === hash && learned.version === TEMPLATE_VERSION ? learned.kinds : {};
  }
  const write = (all: LearnedLane['kinds']): Promise<void> =>
    file.write({ version: TEMPLATE_VERSION, hash, kinds: all });
  return {
    read: async (kind) => (await kinds())[kind],
    keep: async (kind, { template, shapes }) =>
      write({
        ...(await kinds()),
        [kind]: { template, shapes, batch, learnedAt: new Date().toISOString() },
      }),
    forget: () => write({}),
  };
}
