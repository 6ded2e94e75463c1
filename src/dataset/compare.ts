/**
 * The gate's look back: a dataset against those of earlier dates. The middle is their median, the spread their median
 * absolute deviation, so that a bad night among them counts for little. The spread is bounded on both sides: a very
 * steady history does not hold ordinary noise, a very noisy one does not let half a catalogue pass. The factors were
 * chosen by simulation: docs/decisions/0007-gate.md.
 */
import type { ColumnDescription } from './column.js';
import type { GateCheck } from './gate.js';
import { median, robustDeviation } from './robust.js';
import { schemaChange } from './schema-change.js';

export interface DatasetFacts {
  rows: number;
  /** By column. */
  nulls: Readonly<Record<string, number>>;
  columns: readonly ColumnDescription[];
  key: readonly string[];
}

export interface EarlierDataset extends DatasetFacts {
  date: string;
  /** Names of the checks in spite of which a person released it: what these found then is expected from then on. */
  forced: readonly string[];
}

export interface Comparison {
  now: DatasetFacts;
  /** The latest first. */
  earlier: readonly EarlierDataset[];
  tolerance: {
    /** Share by which the rows may always fall below the median, and rise as many times above it. 1: not compared. */
    maxRowChange: number;
    /** By how much a column's share of NULLs may always differ from the median. 1: not compared. */
    maxNullChange: number;
  };
  /** Pages that the batch was limited to: a sample is not compared. */
  limit: number | undefined;
}

/** Fewer have no middle to speak of. */
const LEAST_EARLIER = 3;
/** How many deviations are still ordinary. */
const DEVIATIONS = 4;
/** However noisy the history: half of the median is out of range. */
const MOST_ROWS_LOST = 0.4;
/** Of a column's filled share, however noisy the history: a column that has gone NULL is out of range. */
const MOST_FILLED_LOST = 0.8;
/** Against what is only the float's own. */
const EPSILON = 1e-9;

export function compare(comparison: Comparison): GateCheck[] {
  const nullable = comparison.now.columns.filter((column) => column.nullable);
  return [
    rowsCompared(comparison),
    ...nullable.map(({ name }) => nullsCompared(comparison, name)),
    schemaCompared(comparison),
  ];
}

function rowsCompared({ now, earlier, tolerance, limit }: Comparison): GateCheck {
  const { maxRowChange } = tolerance;
  const levels = earlier.map(({ date, rows, forced }) => ({ date, level: rows, forced }));
  return within({
    name: 'rows compared',
    value: now.rows,
    levels,
    limit,
    isOff: maxRowChange >= 1,
    shown: (figure, round) => String(round(Number(figure.toFixed(6)))),
    subject: `${now.rows} rows`,
    rangeAround(level, deviation) {
      const noise = level > 0 ? (DEVIATIONS * deviation) / level : 0;
      const most = Math.max(maxRowChange, MOST_ROWS_LOST);
      const change = Math.min(Math.max(maxRowChange, noise), most);
      // As many times more as less; from nothing anything is a gain.
      return level > 0
        ? { least: level * (1 - change), most: level / (1 - change) }
        : { least: 0, most: Number.MAX_SAFE_INTEGER };
    },
  });
}

function nullsCompared({ now, earlier, tolerance, limit }: Comparison, column: string): GateCheck {
  const { maxNullChange } = tolerance;
  const value = nullRate(now, column) ?? 0;
  const levels = earlier.flatMap((dataset) => {
    const level = nullRate(dataset, column);
    return level === undefined ? [] : [{ date: dataset.date, level, forced: dataset.forced }];
  });
  return within({
    name: `nulls of ${column}`,
    value,
    levels,
    limit,
    isOff: maxNullChange >= 1 || now.rows === 0,
    shown: percent,
    subject: `${column} is NULL in ${percent(value)} of ${now.rows} rows`,
    rangeAround(level, deviation) {
      const chance = DEVIATIONS * samplingDeviation(level, now.rows);
      const change = Math.max(maxNullChange, DEVIATIONS * deviation, chance);
      const rise = Math.min(change, Math.max(MOST_FILLED_LOST * (1 - level), chance));
      return { least: Math.max(0, level - change), most: Math.min(1, level + rise) };
    },
  });
}

interface Within {
  name: string;
  value: number;
  levels: readonly { date: string; level: number; forced: readonly string[] }[];
  limit: number | undefined;
  /** The target has switched it off, or there is nothing to compare. */
  isOff: boolean;
  subject: string;
  /** For a person; the range is rounded inwards, so that no figure outside reads as one within. */
  shown(figure: number, round: (figure: number) => number): string;
  rangeAround(level: number, deviation: number): { least: number; most: number };
}

/** Passes within the range around the median, and within that around a level that a person has released. */
function within({ name, value, levels, subject, shown, ...options }: Within): GateCheck {
  const facts = { name, value, earlier: levels.length };
  const skipped = (why: string): GateCheck => ({
    ...facts,
    passed: true,
    message: `${subject}; not compared: ${why}`,
  });
  if (options.limit !== undefined) return skipped(`a sample of at most ${options.limit} pages`);
  if (options.isOff) return skipped('switched off, or no rows');
  const isIn = ({ least, most }: { least: number; most: number }): boolean =>
    value >= least - EPSILON && value <= most + EPSILON;
  const accepted = levels.find(
    ({ forced, level }) => forced.includes(name) && isIn(options.rangeAround(level, 0)),
  );
  if (levels.length < LEAST_EARLIER)
    return skipped(`${count(levels.length)}, at least ${LEAST_EARLIER} needed`);
  const figures = levels.map(({ level }) => level);
  const middle = median(figures);
  const expected = options.rangeAround(middle, robustDeviation(figures));
  const passed = isIn(expected);
  const range = `${shown(expected.least, Math.ceil)} to ${shown(expected.most, Math.floor)}`;
  const message = `${subject}; ${range} expected after ${count(levels.length)} (median ${shown(middle, Math.round)})`;
  if (passed || accepted === undefined) return { ...facts, expected, passed, message };
  return {
    ...facts,
    expected,
    passed: true,
    message: `${message}; as on ${accepted.date}, released by a person`,
  };
}

function schemaCompared({ now, earlier, limit }: Comparison): GateCheck {
  const facts = { name: 'schema', value: 0, threshold: 0, earlier: Math.min(1, earlier.length) };
  const [latest] = earlier;
  if (limit !== undefined)
    return { ...facts, passed: true, message: `not compared: a sample of at most ${limit} pages` };
  if (latest === undefined) return { ...facts, passed: true, message: 'no earlier dataset to compare with' };
  const { breaking, harmless } = schemaChange(latest, now);
  const noted = harmless.length === 0 ? '' : ` (${harmless.join('; ')})`;
  const passed = breaking.length === 0;
  return {
    ...facts,
    value: breaking.length,
    passed,
    message: passed
      ? `readers of the dataset of ${latest.date} can read this one${noted}`
      : `readers of the dataset of ${latest.date} would break: ${breaking.join('; ')}${noted}`,
  };
}

/** Undefined without rows or without the column. */
function nullRate({ rows, nulls }: DatasetFacts, column: string): number | undefined {
  const found = Object.hasOwn(nulls, column) ? nulls[column] : undefined;
  return found === undefined || rows === 0 ? undefined : found / rows;
}

/** Of a share that is counted on `rows` of many (with one more of each kind, so that 0 and 1 have some too). */
function samplingDeviation(share: number, rows: number): number {
  const likely = (share * rows + 1) / (rows + 2);
  return Math.sqrt((likely * (1 - likely)) / rows);
}

function percent(share: number, round = Math.round): string {
  // The first rounding takes off the float's own noise.
  return `${round(Number((share * 10_000).toFixed(6))) / 100} %`;
}

function count(datasets: number): string {
  return datasets === 1 ? '1 earlier dataset' : `${datasets} earlier datasets`;
}
