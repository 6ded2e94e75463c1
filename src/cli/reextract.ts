/** `thresh reextract`: what a batch kept of its pages, read again by the target as it is now, and delivered anew. */
import { existsSync } from 'node:fs';
import { requirePages } from '../batch/clean.js';
import { loadChecked } from '../batch/context.js';
import { isEnd } from '../batch/journal.js';
import { openKept } from '../batch/kept.js';
import { type OpenedBatch, openBatch } from '../batch/open-batch.js';
import type { Share } from '../batch/share.js';
import { type BatchSpec, batchFiles } from '../batch/spec.js';
import { standingOf } from '../batch/steer.js';
import type { Column } from '../dataset/column.js';
import { encodeRow } from '../dataset/encode.js';
import { openDestination } from '../delivery/destination.js';
import { ThreshError } from '../errors.js';
import { isPageTouched, readKeptData } from '../page/kept-lane.js';
import { readSettings, type Settings } from '../settings.js';
import { readAllGroups } from '../spool/segment-reader.js';
import type { LoadedTarget } from '../target/load.js';
import { carryBatch, type Engines } from './carry-batch.js';
import type { ExitCode } from './exit-codes.js';
import { pagesAtOnce } from './pages-at-once.js';
import { isDate } from './run.js';
import { withShare } from './share.js';
import { logTo } from './target-log.js';

export interface ReextractOptions {
  date?: string;
  out?: string;
  concurrency?: number;
  json?: boolean;
}

/** Of the browser; answers need none. */
const AT_ONCE = 16;

export async function reextract(
  batch: string,
  options: ReextractOptions,
  settings: Settings,
): Promise<ExitCode> {
  const request = await withShare(settings, async (share) => {
    const { spec, state } = await standingOf(settings.home, batch, share);
    if (!isEnd(state)) throw usage(`batch ${batch} is ${state}`, 'its pages are all there when it has ended');
    const date = options.date ?? spec.date;
    if (!isDate(date)) throw usage(`"${date}" is not a date`, 'write it as 2026-03-31');
    const out = options.out === undefined ? spec.out : readSettings({}, { out: options.out }).out;
    const target = await targetNow(spec, settings);
    await requireKept(spec, { target, settings, share });
    const destination = await openDestination(out, settings.s3);
    await destination.probe().finally(() => destination.close());
    const { concurrency } = options;
    return {
      ...{ home: settings.home, target, date, out, reextractOf: batch, pace: false as const },
      ...(concurrency === undefined ? {} : { concurrency }),
    };
  });
  const open = ({ redis, share }: Engines): Promise<OpenedBatch> => openBatch({ ...request, share }, redis);
  const atOnce = pagesAtOnce(options.concurrency, AT_ONCE);
  return carryBatch({ open, ...atOnce, json: options.json === true }, settings);
}

/** As it stands where the batch found it, else by its name. */
async function targetNow(
  { targetFile, target: name }: BatchSpec,
  { targets }: Settings,
): Promise<LoadedTarget<Column[]>> {
  const target = await loadChecked(existsSync(targetFile) ? targetFile : name, targets);
  if (target.definition.name !== name)
    throw usage(`${target.file} is now the target ${target.definition.name}`, `the batch is of ${name}`);
  return target;
}

interface Having {
  target: LoadedTarget<Column[]>;
  settings: Settings;
  share: Share | undefined;
}

/** Behind the first of which something was kept, for other labels. */
const PAGES_LOOKED_AT = 2_000;

/** Throws USAGE when nothing was kept, or not what the target reads: the first page of each label is tried. */
async function requireKept(spec: BatchSpec, { target, settings, share }: Having): Promise<void> {
  const { home } = settings;
  const files = batchFiles(home, spec.id);
  await requirePages(spec, files);
  await share?.of(spec.id).fetchSegments();
  const { get } = openKept(home, share, spec.target);
  const { definition } = target;
  const labels = new Set<string | undefined>();
  let looked = 0;
  for await (const { page } of readAllGroups(files.segments)) {
    const { kept, label, url } = page;
    if (labels.size > 0 && ++looked > PAGES_LOOKED_AT) break;
    if (kept === undefined || labels.has(label)) continue;
    labels.add(label);
    if ('html' in kept) {
      if (definition.data === undefined) return;
      throw usage(
        `${spec.id} kept HTML, and ${target.file} reads data`,
        'run the target again to keep its data',
      );
    }
    const encode = (row: Record<string, unknown>) => encodeRow(target.columns ?? [], row);
    const request = { url, label, data: undefined, attempt: 1 };
    const task = {
      page: page.page,
      request,
      log: logTo(process.stderr),
      signal: AbortSignal.timeout(60_000),
    };
    await readKeptData(task, { target, encode }, { batch: spec.id, get, kept }).catch((error: unknown) => {
      if (isPageTouched(error))
        throw usage((error as ThreshError).message, (error as ThreshError).mend ?? '');
    });
  }
  if (labels.size > 0) return;
  throw usage(
    `nothing was kept of ${spec.id}`,
    "write keep: 'data' or keep: 'html' in the target: what its next batch fetches can be read again",
  );
}

function usage(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
