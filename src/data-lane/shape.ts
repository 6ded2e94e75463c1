/**
 * What an answer looks like: which fields it has, and of which types. It grows with the pages that were rendered; an
 * answer that departs from it is not believed before a page shows that it is one. Objects whose names differ from page
 * to page are open: names say nothing in them.
 */

type Kind = 'null' | 'boolean' | 'number' | 'string' | 'list' | 'object';

export interface Shape {
  kinds: readonly Kind[];
  /** Of objects; `always`: no page was without. */
  fields: Readonly<Record<string, { always: boolean; shape: Shape }>>;
  /** Of a list's items; undefined when there was none. */
  items: Shape | undefined;
  /** A list was empty. */
  empty: boolean;
}

/** Deeper down nothing is looked at. */
const DEEPEST = 4;
/** Of a list, from its beginning. */
const MOST_ITEMS = 5;
const MOST_FIELDS = 200;

/** `merge`d over several values. */
export function shapeOf(value: unknown, depth = 0): Shape {
  const plain: Shape = { kinds: [kindOf(value)], fields: {}, items: undefined, empty: false };
  if (depth >= DEEPEST) return plain;
  if (Array.isArray(value)) {
    const items = value.slice(0, MOST_ITEMS).map((item) => shapeOf(item, depth + 1));
    const [first, ...others] = items;
    return { ...plain, items: first && others.reduce(merged, first), empty: value.length === 0 };
  }
  if (typeof value !== 'object' || value === null) return plain;
  const entries = Object.entries(value).slice(0, MOST_FIELDS);
  const fields = entries.map(([name, inner]) => [name, { always: true, shape: shapeOf(inner, depth + 1) }]);
  return { ...plain, fields: Object.fromEntries(fields) as Shape['fields'] };
}

export function merged(one: Shape, other: Shape): Shape {
  const isObject = one.kinds.includes('object') && other.kinds.includes('object');
  const names = new Set([...Object.keys(one.fields), ...Object.keys(other.fields)]);
  const fields = [...names].map((name) => {
    const [a, b] = [fieldOf(one, name), fieldOf(other, name)];
    const shape = a && b ? merged(a.shape, b.shape) : (a ?? b)?.shape;
    const always = a?.always === true && b?.always === true;
    return [name, { always: always || (!isObject && (a ?? b)?.always === true), shape }];
  });
  return {
    kinds: [...new Set([...one.kinds, ...other.kinds])],
    fields: Object.fromEntries(fields) as Shape['fields'],
    items: one.items && other.items ? merged(one.items, other.items) : (one.items ?? other.items),
    empty: one.empty || other.empty,
  };
}

/** The first way in which a value is not as those were that the shape is of; undefined: it is as they were. */
export function departureOf(shape: Shape, value: unknown, at = 'it'): string | undefined {
  const kind = kindOf(value);
  if (!shape.kinds.includes(kind)) return `${at} is ${kind}, where it was ${shape.kinds.join(' or ')}`;
  if (Array.isArray(value)) {
    if (value.length === 0) return shape.empty || shape.items === undefined ? undefined : `${at} is empty`;
    const { items } = shape;
    if (items === undefined) return shape.empty ? `${at} is no longer empty` : undefined;
    return firstOf(value.slice(0, MOST_ITEMS), (item) => departureOf(items, item, `an item of ${at}`));
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = Object.entries(shape.fields);
  if (fields.length === 0) return undefined; // none was ever there, or it is too deep to be looked at
  const missing = fields.find(([name, { always }]) => always && !Object.hasOwn(value, name));
  if (missing !== undefined) return `${at} has no ${missing[0]}`;
  const isClosed = fields.every(([, { always }]) => always);
  return firstOf(Object.entries(value).slice(0, MOST_FIELDS), ([name, inner]) => {
    const known = fieldOf(shape, name);
    if (known !== undefined) return departureOf(known.shape, inner, at === 'it' ? name : `${at}.${name}`);
    return isClosed ? `${at} has ${name}` : undefined;
  });
}

function fieldOf({ fields }: Shape, name: string): Shape['fields'][string] | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function firstOf<T>(all: readonly T[], of: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const said = of(one);
    if (said !== undefined) return said;
  }
  return undefined;
}

function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'list';
  return typeof value as 'boolean' | 'number' | 'string' | 'object';
}
