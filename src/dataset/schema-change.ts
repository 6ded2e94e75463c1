/**
 * What has become of a dataset's schema since the last one, as the manifests tell it, and which of it readers break on.
 * Which that is was tried with DuckDB over old and new files together: docs/decisions/0007-gate.md.
 */
import type { ColumnDescription } from './column.js';

export interface DatasetSchema {
  columns: readonly ColumnDescription[];
  key: readonly string[];
}

export interface SchemaChange {
  /** Columns and fields gone, types changed, a key that no longer identifies what it did. */
  breaking: string[];
  /** What readers by name do not notice: additions, columns that may be NULL now. */
  harmless: string[];
}

export function schemaChange(before: DatasetSchema, now: DatasetSchema): SchemaChange {
  const [old, current] = [placesOf(before.columns), placesOf(now.columns)];
  const gone = [...old.keys()].filter((path) => !current.has(path));
  const changed = [...old].filter(([path, kind]) => (current.get(path) ?? kind) !== kind);
  const added = [...current.keys()].filter((path) => !old.has(path));
  const roots = changed.map(([path]) => path);
  const nullable = new Map(before.columns.map((column) => [column.name, column.nullable]));
  return {
    breaking: [
      ...outermost(gone, roots).map((path) => `${path} is gone`),
      ...changed.map(([path, kind]) => `${path} was ${kind} and is ${current.get(path)}`),
      // Fewer key columns still tell the old key's rows apart; another key may deliver one of them twice.
      ...(now.key.every((name) => before.key.includes(name))
        ? []
        : [`the key was ${before.key.join(', ')} and is ${now.key.join(', ')}`]),
    ],
    harmless: [
      ...outermost(added, roots).map((path) => `${path} is new`),
      ...now.columns
        .filter((column) => column.nullable && nullable.get(column.name) === false)
        .map(({ name }) => `${name} may be NULL now`),
    ],
  };
}

/** Of places within each other, and within `covered`, only the outermost. */
function outermost(paths: readonly string[], covered: readonly string[]): string[] {
  const isWithin = (path: string, outer: string): boolean =>
    path.length > outer.length && path.startsWith(outer) && /[.[{]/.test(path[outer.length] ?? '');
  return paths.filter((path) => ![...paths, ...covered].some((outer) => isWithin(path, outer)));
}

/** Every place that a reader may name, with its kind: `price` DOUBLE, `specs` STRUCT, `specs.weight` BIGINT, `tags[]` VARCHAR. */
function placesOf(columns: readonly ColumnDescription[]): Map<string, string> {
  const places = new Map<string, string>();
  for (const { name, type } of columns) addPlaces(places, name, type);
  return places;
}

function addPlaces(places: Map<string, string>, path: string, type: string): void {
  if (type.endsWith('[]')) {
    places.set(path, 'a list');
    addPlaces(places, `${path}[]`, type.slice(0, -2));
  } else if (type.startsWith('MAP(VARCHAR, ')) {
    places.set(path, 'a map');
    addPlaces(places, `${path}{}`, type.slice('MAP(VARCHAR, '.length, -1));
  } else if (type.startsWith('STRUCT(')) {
    places.set(path, 'a struct');
    for (const [name, field] of fieldsOf(type.slice('STRUCT('.length, -1)))
      addPlaces(places, `${path}.${name}`, field);
  } else places.set(path, type);
}

/** `"a" VARCHAR, "b" STRUCT("c" BIGINT)` by name; within quotes `""` is a quote. */
function fieldsOf(text: string): [string, string][] {
  const fields: [string, string][] = [];
  let start = 0;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at <= text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') quoted = !quoted;
    else if (!quoted && sign === '(') depth += 1;
    else if (!quoted && sign === ')') depth -= 1;
    if (sign !== undefined && (quoted || depth > 0 || sign !== ',')) continue;
    const [, name, type] = /^\s*"((?:[^"]|"")*)" (.*)$/s.exec(text.slice(start, at)) ?? [];
    if (name !== undefined && type !== undefined) fields.push([name.replaceAll('""', '"'), type]);
    start = at + 1;
  }
  return fields;
}
