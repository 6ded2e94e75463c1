/** What a target's rows were found not to need, kept where the next night finds it: `THRESH_HOME/targets/NAME/block.json`. */
import type { KnownHosts } from '../page/block-learner.js';
import type { BlockMemory } from '../page/lean-lane.js';
import { createTargetFile } from './target-file.js';

interface LearnedBlock {
  /** Of the target's file: another file may read other rows. */
  hash: string;
  labels: Record<string, KnownHosts & { batch: string; learnedAt: string }>;
}

const FILE = 'block.json';

export function createBlockFile(
  home: string,
  { target, hash, batch }: { target: string; hash: string; batch: string },
): BlockMemory {
  const file = createTargetFile<LearnedBlock>(home, target, FILE);
  async function labels(): Promise<LearnedBlock['labels']> {
    const learned = await file.read();
    return learned?.hash === hash ? learned.labels : {};
  }
  return {
    read: async (label) => (await labels())[label],
    async keep(label, { left, needed }) {
      const learnedAt = new Date().toISOString();
      await file.write({
        hash,
        labels: { ...(await labels()), [label]: { left, needed, batch, learnedAt } },
      });
    },
    forget: () => file.write({ hash, labels: {} }),
  };
}

/** Hosts that batches of the target do not ask, as far as that is known. */
export async function readLeftHosts(home: string, target: string, hash: string): Promise<string[]> {
  const learned = await createTargetFile<LearnedBlock>(home, target, FILE).read();
  if (learned?.hash !== hash) return [];
  return [...new Set(Object.values(learned.labels).flatMap(({ left }) => left))].sort();
}
