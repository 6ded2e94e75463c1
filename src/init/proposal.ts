/** One way to read a page that was chosen among those that were found. */
import type { FoundField, FoundMeta, FoundPage, FoundRows } from './found.js';
import { isRowType, type LdField, type LdItem, ldFields, ldItems } from './json-ld.js';
import type { JsonSource } from './json-sources.js';

export type Source = 'json' | 'json-ld' | 'microdata' | 'repeated' | 'page' | 'meta';

/** A value of a JSON answer. */
export interface JsonField {
  from: 'json';
  name: string;
  /** Name of the answer in `data`. */
  source: string;
  /** From the answer, or of a list from its item. */
  path: string[];
  jsonKind: LdField['kind'];
  /** It is of that kind as it stands there. */
  isRaw: boolean;
  /** What stands before and after it: an address is made of it. */
  around?: [string, string];
}

/** Read by a selector from the page, at a path of a JSON answer or a JSON-LD item, or the page's own address. */
export type ProposedField =
  | (FoundField & { from: Exclude<Source, 'json' | 'json-ld'> })
  | JsonField
  | { from: 'json-ld'; name: string; path: string[]; ldKind: LdField['kind'] }
  | { from: 'address'; name: string };

export interface Proposal {
  source: Source;
  /** Several rows on the page. */
  isList: boolean;
  /** On the page that was looked at. */
  count: number;
  /** Selector of each row; undefined: the page is one row. */
  rows: string | undefined;
  /** Of JSON-LD and microdata. */
  type: string | undefined;
  /** Selector of the element that the page is about, of a page that is one row. */
  root: string | undefined;
  fields: ProposedField[];
  /** Repeated beside what the page is about. */
  isBeside: boolean;
  /** Of JSON answers: which; and of a list, where its items are in the only one. */
  json?: { sources: JsonSource[]; items: string[] | undefined };
}

/** What one source has, for people. */
export interface Finding {
  source: Source;
  what: string;
}

export interface Choice {
  /** Undefined when nothing on the page looks like data. */
  proposal: Proposal | undefined;
  findings: Finding[];
}

/** How far a source is believed: what was written for machines more than what was drawn for people. */
/** Answers are not chosen by it: they are measured by what else was. */
const TRUST: Record<Source, number> = {
  json: 0,
  'json-ld': 3,
  microdata: 2.5,
  repeated: 1.3,
  page: 1,
  meta: 0.6,
};
/** The same for what is repeated beside the thing that a page is about. */
const BESIDE = 0.35;
/** Rows that only their place in the document tells break with it. */
const BY_PLACE = 0.8;
/** Of the best: repeated elements that are less are not told of. */
const WORTH_SAYING = 0.4;
const LEAST_FIELDS = 2;
const LEAST_ROWS = 3;
/** Fields of the page beside its own, in this order; the name that they get. */
const META_NAMES: Record<string, string> = {
  canonical: 'url',
  'og:url': 'url',
  'og:title': 'title',
  'og:description': 'description',
  description: 'description',
  'og:image': 'image',
  'product:price:amount': 'price',
  'og:price:amount': 'price',
  'product:price:currency': 'currency',
  'og:price:currency': 'currency',
  'product:availability': 'availability',
  'product:brand': 'brand',
  'product:retailer_item_id': 'sku',
  'article:published_time': 'publishedTime',
  'article:modified_time': 'modifiedTime',
  'article:section': 'section',
  'article:author': 'author',
  author: 'author',
};

export function choose(page: FoundPage): Choice {
  const structured = [...linkedData(page.jsonLd), ...page.rows.flatMap((rows) => ofRows(rows))];
  const meta = metaFields(page.meta);
  const all = [
    ...structured.map((one) => (one.source === 'page' ? withMeta(one, meta) : one)),
    ...(meta.length === 0 ? [] : [ofMeta(meta)]),
  ].filter(isEnough);
  const [proposal] = [...all].sort((a, b) => weightOf(b) - weightOf(a));
  const least = proposal === undefined ? 0 : weightOf(proposal) * WORTH_SAYING;
  const near = all.filter((one) => one.source !== 'repeated' || weightOf(one) >= least);
  return { proposal, findings: findingsOf(near, page.meta) };
}

/** With what another page of the kind has and this one lacks. */
export function withFieldsOf(proposal: Proposal, other: Proposal | undefined): Proposal {
  const isAlike =
    other?.source === proposal.source && other.isList === proposal.isList && other.type === proposal.type;
  if (!isAlike) return proposal;
  const has = new Set(proposal.fields.map(({ name }) => name.toLowerCase()));
  const more = other.fields.filter((field) => !has.has(field.name.toLowerCase()) && !isByPlace(field));
  return { ...proposal, fields: [...proposal.fields, ...more] };
}

function isByPlace(field: ProposedField): boolean {
  return 'by' in field && field.by === 'place';
}

function linkedData(texts: readonly string[]): Proposal[] {
  return [...ldItems(texts)]
    .filter(([type]) => isRowType(type))
    .map(([type, items]): Proposal => {
      const fields = ldFields(items as LdItem[]);
      return {
        source: 'json-ld',
        isList: items.length > 1,
        count: items.length,
        rows: undefined,
        type,
        root: undefined,
        isBeside: false,
        fields: fields.map(({ name, path, kind }) => ({ from: 'json-ld', name, path, ldKind: kind })),
      };
    });
}

function ofRows({ source, rows, type, count, fields, root, isBeside }: FoundRows): Proposal[] {
  if (type !== null && !isRowType(type)) return [];
  const isList = source === 'repeated' || (rows !== null && count > 1);
  return [
    {
      source,
      isList,
      count,
      rows: rows ?? undefined,
      type: type ?? undefined,
      root: root ?? undefined,
      isBeside,
      fields: fields.map((field) => ({ ...field, from: source })),
    },
  ];
}

function metaFields(meta: readonly FoundMeta[]): ProposedField[] {
  const fields = new Map<string, ProposedField>();
  for (const [property, name] of Object.entries(META_NAMES)) {
    const found = meta.find((one) => one.name === property);
    if (found === undefined || fields.has(name)) continue;
    const kind =
      name === 'url' ? 'link' : name === 'image' ? 'image' : name.endsWith('Time') ? 'time' : 'data';
    const { select, attribute } = found;
    fields.set(name, { from: 'meta', name, select, attribute, kind, all: false, by: 'tag' });
  }
  return [...fields.values()];
}

function ofMeta(fields: ProposedField[]): Proposal {
  return {
    source: 'meta',
    isList: false,
    count: 1,
    rows: undefined,
    type: undefined,
    root: undefined,
    isBeside: false,
    fields,
  };
}

/** A page that is one row has its head too. */
function withMeta(page: Proposal, meta: readonly ProposedField[]): Proposal {
  const has = new Set(page.fields.map(({ name }) => name.toLowerCase()));
  return { ...page, fields: [...page.fields, ...meta.filter(({ name }) => !has.has(name.toLowerCase()))] };
}

function isEnough({ source, isList, count, fields }: Proposal): boolean {
  if (source === 'repeated' && count < LEAST_ROWS) return false;
  return fields.length >= (isList ? LEAST_FIELDS : LEAST_FIELDS + 1);
}

function weightOf({ source, isList, count, rows, fields, isBeside }: Proposal): number {
  const own = fields.filter(({ from }) => from === source);
  const named = own.reduce((sum, field) => sum + (isByPlace(field) ? 0.4 : 1), 0);
  const believed = TRUST[source] * (isBeside ? BESIDE : 1) * (rows?.includes(':nth-of-type') ? BY_PLACE : 1);
  return believed * Math.min(named, 14) * (isList ? Math.min(count, 25) ** 0.25 : 1);
}

function findingsOf(all: readonly Proposal[], meta: readonly FoundMeta[]): Finding[] {
  const findings: Finding[] = [];
  for (const { source, type, count, rows, root, fields } of all) {
    const what = `${count} × ${type ?? rows ?? root ?? 'the page'}, ${fields.filter(({ from }) => from === source).length} fields`;
    if (source !== 'meta') findings.push({ source, what });
  }
  if (meta.length > 0)
    findings.push({
      source: 'meta',
      what: meta
        .map(({ name }) => name)
        .slice(0, 12)
        .join(', '),
    });
  return findings;
}
