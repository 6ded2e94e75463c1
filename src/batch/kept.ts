/** What batches keep of their pages: in the store that the machines of a farm share, or in this home. */
import { type KeepPlace, keepPage } from '../page/keep-page.js';
import type { CompletedPage } from '../page/render.js';
import type { KeptPage } from '../spool/record.js';
import { openFolderStore } from '../store/folder-store.js';
import { createKeptContent, type KeptContent, removeWeeks, weekOf } from '../store/kept-content.js';
import type { ObjectStore } from '../store/object-store.js';
import type { Hindrance } from './hindrance.js';
import { type NightPlan, readPlan } from './night-plan.js';
import type { Share } from './share.js';
import { type BatchSpec, batchFiles, readSpec } from './spec.js';

export function openKept(home: string, share: Share | undefined, target: string): KeptContent {
  return createKeptContent(objectsOf(home, share), target);
}

/** Waits while what it writes to takes nothing: what was rendered is not thrown away. */
export function patientKeeper(
  { createdAt }: BatchSpec,
  content: KeptContent,
  { hindrance, signal }: { hindrance: Hindrance; signal: AbortSignal },
): (page: CompletedPage) => Promise<KeptPage | undefined> {
  const from = weekOf(createdAt);
  const place: KeepPlace = { from, put: (text) => content.put(from, text) };
  return (page) => hindrance.outwait(() => keepPage(page, place), { signal });
}

/** Removes what no batch names any more. `left`: those that are not cleaned up. A store that is away keeps it until the next time. */
export async function cleanKept(
  { home, share }: { home: string; share?: Share | undefined },
  left: readonly BatchSpec[],
  nowMs: number,
): Promise<void> {
  const named = new Set<string>();
  for (const spec of left) for (const week of await weeksOf(home, spec)) named.add(`${spec.target}/${week}`);
  const thisWeek = weekOf(new Date(nowMs).toISOString()); // a batch may begin just now
  const isNamed = (target: string, from: string): boolean =>
    from === thisWeek || named.has(`${target}/${from}`);
  await removeWeeks(objectsOf(home, share), isNamed).catch(() => undefined);
}

/** Its own, and those of the batches that its pages were carried over from. */
async function weeksOf(home: string, spec: BatchSpec): Promise<Set<string>> {
  const weeks = new Set<string>();
  for (let one: BatchSpec | undefined = spec; one !== undefined; ) {
    weeks.add(weekOf(one.createdAt));
    const plan: NightPlan | undefined = await readPlan(batchFiles(home, one.id).plan);
    one = plan?.base === undefined ? undefined : await readSpec(home, plan.base);
  }
  return weeks;
}

function objectsOf(home: string, share: Share | undefined): ObjectStore {
  return share?.objects ?? openFolderStore(home);
}
