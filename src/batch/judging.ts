/** The state `gating`: the batch's books and those of earlier datasets, judged once; the verdict is kept beside the dataset. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { type Column, type ColumnDescription, describeColumns } from '../dataset/column.js';
import type { DatasetFacts, EarlierDataset } from '../dataset/compare.js';
import { type Verdict as Judgement, judge } from '../dataset/gate.js';
import type { Destination } from '../delivery/contract.js';
import type { Manifest } from '../delivery/manifest.js';
import type { ResolvedTarget } from '../target/defaults.js';
import { type Aggregated, workFiles } from './aggregating.js';
import { pageBooks, rowBooks } from './report.js';
import type { BatchFiles, BatchSpec } from './spec.js';

export interface JudgingInput {
  spec: BatchSpec;
  target: ResolvedTarget;
  columns: Column[];
  aggregated: Aggregated;
  frontier: number;
  files: BatchFiles;
  destination: Destination;
}

/** Datasets that a batch is compared with. */
const COMPARED = 7;

export async function judgeBatch(input: JudgingInput): Promise<Judgement> {
  const { spec, target, columns, aggregated, frontier, files, destination } = input;
  const earlier = await destination.earlier(spec.target, spec.date, COMPARED);
  const rows = rowBooks(aggregated);
  const judgement = judge({
    pages: pageBooks(aggregated, frontier),
    rows,
    thresholds: target.gate,
    comparison: {
      now: {
        rows: rows.delivered,
        nulls: nullsOf(aggregated.dataset.statistics),
        columns: describeColumns(columns),
        key: target.key,
      },
      earlier: earlier.map((manifest) => ({
        ...factsOf(manifest),
        date: manifest.date,
        forced: manifest.forced ?? [],
      })),
      tolerance: target.gate,
      limit: spec.limit,
    },
  });
  const { judgement: kept } = workFiles(files);
  await writeFile(`${kept}.tmp`, JSON.stringify(judgement));
  await rename(`${kept}.tmp`, kept);
  return judgement;
}

/** What the gate said of this dataset: while it is being delivered, other dates may be delivered too. */
export async function readJudgement(files: BatchFiles): Promise<Judgement | undefined> {
  const text = await readFile(workFiles(files).judgement, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Judgement);
}

function factsOf({ rows, statistics, schema }: Manifest): Omit<EarlierDataset, 'date' | 'forced'> {
  const columns = schema.columns as ColumnDescription[];
  return { rows: rows.delivered, nulls: nullsOf(statistics), columns, key: schema.key };
}

function nullsOf(statistics: Readonly<Record<string, unknown>>): DatasetFacts['nulls'] {
  return Object.fromEntries(
    Object.entries(statistics).map(([column, figures]) => [column, (figures as { nulls: number }).nulls]),
  );
}
