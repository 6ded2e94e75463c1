/**
 * A proposal that reads the JSON that pages ask for, in place of one that reads what they show of it: found by value. Each
 * column of the other has to stand in the answers on every page and row that was seen; what stands beside these values is
 * proposed as well.
 */
import type { ProposedColumn } from './columns.js';
import type { JsonAnswer } from './json-answers.js';
import { kindOfValues, namesFor } from './json-fields.js';
import { answerOf, differing, isAlike, type JsonSource, sourceOf } from './json-sources.js';
import { fitOf, leavesOf, listsOf, valueAt } from './json-values.js';
import type { Proposal, ProposedField } from './proposal.js';
import type { SampleRow } from './samples.js';

/** A page as it was seen: its rows by the other proposal, and what it asked for. */
export interface AskedSight {
  url: string;
  rows: readonly SampleRow[];
  answers: readonly JsonAnswer[];
}

export interface JsonChoice {
  /** Undefined: the answers do not say all that the page shows. */
  proposal: Proposal | undefined;
  /** Columns that they do not have, of the best of them; empty when they have none at all. */
  lacks: string[];
}

/** What a row of the other proposal may come from: a root for each of `sources`. */
interface Unit {
  url: string;
  row: SampleRow;
  roots: readonly unknown[];
}

interface Reading {
  sources: JsonSource[];
  /** Of a list: where its items are in the answer. */
  items: string[] | undefined;
  units: Unit[];
}

interface Place {
  /** Of the roots. */
  root: number;
  path: string[];
}

type Found = { column: ProposedColumn } & (
  | { is: 'value'; place: Place }
  | { is: 'part-of-address'; place: Place; around: [string, string] }
  | { is: 'address' }
  | { is: 'nowhere' }
);

const LEAST_FOUND = 2;
const MOST_FIELDS = 30;
const MOST_UNITS = 60;
/** Said of the answer rather than of what it is about, or another one at each request. */
const NO_DATA =
  /^(?:_.*|.*(?:token|nonce|csrf|session|etag|cursor|checksum)|(?:request|trace|correlation|span)_?id|(?:server_?time|timestamp|now|success|ok|status_?code))$/i;

export function jsonProposal(
  columns: readonly ProposedColumn[],
  { isList, sights }: { isList: boolean; sights: readonly AskedSight[] },
): JsonChoice {
  const seen = sights.filter(({ rows }) => rows.length > 0);
  const readings = isList ? listReadings(seen) : pageReadings(columns, seen);
  const found = readings.map((reading) => ({ reading, found: columns.map((one) => placeOf(one, reading)) }));
  const [best] = found.sort((a, b) => countOf(b.found) - countOf(a.found));
  if (best === undefined || countOf(best.found) === 0) return { proposal: undefined, lacks: [] };
  const lacks = best.found.flatMap(({ is, column }) =>
    is === 'nowhere' && isMissed(column) ? [column.name] : [],
  );
  const isEnough = lacks.length === 0 && countOf(best.found) >= LEAST_FOUND;
  return { proposal: isEnough ? proposalOf(best.found, best.reading, isList) : undefined, lacks };
}

/** Names that nobody gave, and links and pictures, are no reason to read a page. */
function isMissed({ field, kind }: ProposedColumn): boolean {
  return kind !== 'url' && !('by' in field && field.by === 'place');
}

function countOf(found: readonly Found[]): number {
  return found.filter(({ is }) => is === 'value').length;
}

/** One row a page: all of its answers together. */
function pageReadings(columns: readonly ProposedColumn[], sights: readonly AskedSight[]): Reading[] {
  const [first] = sights;
  if (first === undefined) return [];
  const sources: JsonSource[] = [];
  const values: unknown[][] = [];
  for (const answer of first.answers) {
    const group = groupOf(answer, sights, (one, sight) => shownIn(one.value, columns, sight));
    if (group === undefined) continue;
    const source = sourceOfGroup(group, sights, sources);
    if (
      source === undefined ||
      sources.some(({ pattern, operation }) => isSame(source, { pattern, operation }))
    )
      continue;
    sources.push(source);
    values.push(group.map(({ value }) => value));
  }
  const units = sights.map(({ url, rows: [row = new Map()] }, at) => ({
    ...{ url, row },
    roots: values.map((ofSource) => ofSource[at]),
  }));
  return sources.length === 0 ? [] : [{ sources, items: undefined, units }];
}

function isSame(one: JsonSource, other: Pick<JsonSource, 'pattern' | 'operation'>): boolean {
  return one.pattern === other.pattern && one.operation === other.operation;
}

/** A row an item: a list that is as long as what the page shows, on each page. */
function listReadings(sights: readonly AskedSight[]): Reading[] {
  const [first] = sights;
  if (first === undefined) return [];
  return first.answers.flatMap((answer) =>
    listsOf(answer.value).flatMap(({ path }): Reading[] => {
      const isLong = (one: JsonAnswer, { rows }: AskedSight): number =>
        itemsAt(one.value, path)?.length === rows.length ? 1 : 0;
      const group = groupOf(answer, sights, isLong);
      if (group === undefined || group.some((one, at) => isLong(one, sights[at] as AskedSight) === 0))
        return [];
      const source = sourceOfGroup(group, sights, []);
      if (source === undefined) return [];
      const units = sights.flatMap(({ url, rows }, at) =>
        rows.map((row, nth) => ({ url, row, roots: [itemsAt(group[at]?.value, path)?.[nth]] })),
      );
      return [{ sources: [source], items: path, units: units.slice(0, MOST_UNITS) }];
    }),
  );
}

export function itemsAt(root: unknown, path: readonly string[]): readonly unknown[] | undefined {
  const items = valueAt(root, path);
  return Array.isArray(items) ? items : undefined;
}

/** The answer of each page that is of a kind with this one; of several the one that says most of what the page shows. */
function groupOf(
  answer: JsonAnswer,
  sights: readonly AskedSight[],
  worth: (one: JsonAnswer, sight: AskedSight) => number,
): JsonAnswer[] | undefined {
  const group = sights.map((sight, at) => {
    if (at === 0) return answer;
    const alike = sight.answers.filter((one) => isAlike(answer, one));
    return alike
      .map((one) => ({ one, worth: worth(one, sight), apart: differing(answer.url, one.url) }))
      .sort((a, b) => b.worth - a.worth || a.apart - b.apart)[0]?.one;
  });
  return group.every((one) => one !== undefined) ? group : undefined;
}

/** Undefined when the page would be given another answer by it. */
function sourceOfGroup(
  group: readonly JsonAnswer[],
  sights: readonly AskedSight[],
  before: readonly JsonSource[],
): JsonSource | undefined {
  const source = sourceOf(
    group,
    sights.map(({ url }) => url),
    before.map(({ name }) => name),
  );
  const isGiven = sights.every(({ answers }, at) => answerOf(source, answers) === group[at]);
  return isGiven ? source : undefined;
}

/** How many of the columns an answer has. */
function shownIn(
  value: unknown,
  columns: readonly ProposedColumn[],
  { url, rows: [row] }: AskedSight,
): number {
  const leaves = leavesOf(value);
  return columns.filter(({ name }) => {
    const cell = row?.get(name);
    return cell !== undefined && leaves.some((leaf) => fitOf(cell, leaf.value, url) === 'same');
  }).length;
}

/** The value that the column shows on every row; where there is none a page may say so in words, if most rows have it. */
function placeOf(column: ProposedColumn, { sources, units }: Reading): Found {
  const shown = units.flatMap((unit) => {
    const cell = unit.row.get(column.name);
    return cell === undefined || (cell.text === undefined && (cell.list ?? []).length === 0)
      ? []
      : [{ unit, cell }];
  });
  const places = sources.flatMap((_, root) => placesIn(units, root));
  const isUrl = column.kind === 'url';
  const fitting = places.flatMap((place) => {
    const values = shown.map(({ unit }) => valueAt(unit.roots[place.root], place.path));
    const there = shown.flatMap((one, at) =>
      values[at] === undefined ? [] : [{ ...one, value: values[at] }],
    );
    const fits = there.map(({ unit, cell, value }) => fitOf(cell, value, unit.url));
    if (fits.length * 2 <= shown.length || fits.includes(undefined) || (isUrl && fits.includes('within')))
      return [];
    const isNamed = place.path.at(-1)?.toLowerCase() === column.name.toLowerCase();
    const isWhole = fits.length === shown.length && fits.every((fit) => fit === 'same');
    return [{ place, isWhole, rank: (isWhole ? 40 : 0) + (isNamed ? 20 : 0) - place.path.length }];
  });
  const [best] = fitting.sort((a, b) => b.rank - a.rank);
  if (best !== undefined && (best.isWhole || !isUrl)) return { column, is: 'value', place: best.place };
  if (isUrl && shown.length > 0 && shown.every(({ unit, cell }) => cell.text === unit.url))
    return { column, is: 'address' };
  const part = isUrl ? partOf(shown, places) : undefined;
  if (part !== undefined) return { column, is: 'part-of-address', ...part };
  return best === undefined ? { column, is: 'nowhere' } : { column, is: 'value', place: best.place };
}

function placesIn(units: readonly Unit[], root: number): Place[] {
  const places = new Map<string, Place>();
  for (const { roots } of units)
    for (const { path } of leavesOf(roots[root])) places.set(path.join('\n'), { root, path });
  return [...places.values()];
}

/** An address that is made of a value, the same way on all rows; what only one row says is not believed. */
function partOf(
  shown: readonly { unit: Unit; cell: { text: string | undefined } }[],
  places: readonly Place[],
): { place: Place; around: [string, string] } | undefined {
  if (new Set(shown.map(({ cell }) => cell.text)).size < 2) return undefined;
  for (const place of places) {
    const around = shown.map(({ unit, cell: { text = '' } }) => {
      const value = valueAt(unit.roots[place.root], place.path);
      if ((typeof value !== 'string' && typeof value !== 'number') || value === '') return undefined;
      const parts = text.split(String(value));
      return parts.length === 2 ? (parts as [string, string]) : undefined;
    });
    const [first] = around;
    const isSameOnAll = first !== undefined && around.every((one) => one?.join('\n') === first.join('\n'));
    if (isSameOnAll && /^https?:\/\/[^/]+/.test(first[0])) return { place, around: first };
  }
  return undefined;
}

function proposalOf(found: readonly Found[], { sources, items, units }: Reading, isList: boolean): Proposal {
  const used = new Map<string, Place>();
  for (const one of found) if (one.is === 'value') used.set(keyOf(one.place), one.place);
  const parents = new Set(
    [...used.values()].map(({ root, path }) => keyOf({ root, path: path.slice(0, -1) })),
  );
  const beside = sources
    .flatMap((_, root) => placesIn(units, root))
    .filter(({ root, path }) => {
      const isSibling = parents.has(keyOf({ root, path: path.slice(0, -1) })) && path.at(-1) !== '0';
      return isSibling && !NO_DATA.test(path.at(-1) ?? '');
    });
  const places = [...used.values(), ...beside.filter((place) => !used.has(keyOf(place)))].slice(
    0,
    MOST_FIELDS,
  );
  const named = new Set<string>();
  const takesName = (...names: string[]): string | undefined => {
    const name = names.find((one) => /^[A-Za-z]\w{0,39}$/.test(one) && !named.has(one.toLowerCase()));
    if (name !== undefined) named.add(name.toLowerCase());
    return name;
  };
  const fields: ProposedField[] = [];
  for (const place of places) {
    const values = units.map(({ roots }) => valueAt(roots[place.root], place.path));
    const kind = kindOfValues(values, found.find((one) => one.is === 'value' && one.place === place)?.column);
    const name = kind && takesName(...namesFor(place.path));
    if (kind === undefined || name === undefined) continue;
    fields.push({ from: 'json', name, source: sources[place.root]?.name ?? '', path: place.path, ...kind });
  }
  for (const one of found) {
    const name = takesName(one.column.name);
    if (name === undefined) continue;
    if (one.is === 'address') fields.push({ from: 'address', name });
    if (one.is === 'part-of-address') {
      const { place, around } = one;
      const source = sources[place.root]?.name ?? '';
      fields.push({ from: 'json', name, source, path: place.path, jsonKind: 'text', isRaw: true, around });
    }
  }
  const roots = new Set(fields.flatMap((field) => (field.from === 'json' ? [field.source] : [])));
  return {
    ...{ source: 'json', isList, rows: undefined, type: undefined, root: undefined, isBeside: false },
    count: isList ? units.filter(({ url }) => url === units[0]?.url).length : 1,
    fields,
    json: { sources: sources.filter(({ name }) => roots.has(name)), items },
  };
}

function keyOf({ root, path }: Place): string {
  return [root, ...path].join('\n');
}
