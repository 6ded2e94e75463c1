/**
 * Reads zod's definitions (`schema._zod.def`), not its classes: a target may bring its own copy of zod, and then
 * `instanceof` would fail. Only the output side counts, since rows are stored after they were parsed.
 */
import type { z } from 'zod';
import type { Column, ColumnProblem, ColumnType, ScalarType, Slot } from './column.js';
import { checkNames } from './column-names.js';
import { canStoreAs, DECLARABLE, parseDeclaredType } from './declared-type.js';
import {
  EXTRA_FIELDS,
  isOpaque,
  LOCAL_TIME,
  MIXED_LITERALS,
  MIXED_UNION,
  NO_FIELDS,
  RECURSIVE,
  type Refusal,
  refusalOf,
  TOO_DEEP,
} from './refusals.js';
import { sameType, typeOfBigint, typeOfNumber, typeOfValues } from './zod-scalar.js';

const MAX_DEPTH = 24;

type Schema = z.core.$ZodType;

/** What a schema can put out. Null and undefined are kept apart because `.default()` takes away only the second. */
interface Found {
  /** Undefined when there is only null or undefined. */
  type: ColumnType | undefined;
  orNull: boolean;
  orUndefined: boolean;
}

interface Walk {
  path: string;
  /** The schemas that this one is inside of. */
  within: readonly Schema[];
  /** From the `parquet` metadata of an outer wrapper; outer wins. */
  declared?: ScalarType | undefined;
  problems: ColumnProblem[];
}

/** The columns of an object schema; what has none is added to `problems`. */
export function structOf(schema: Schema, problems: ColumnProblem[]): Column[] {
  const found = visit(schema, { path: '', within: [], problems });
  return found?.type?.kind === 'struct' ? found.type.fields : [];
}

function refuse(walk: Walk, refusal: Refusal): undefined {
  walk.problems.push({ path: walk.path, ...refusal });
  return undefined;
}

function always(type: ColumnType): Found {
  return { type, orNull: false, orUndefined: false };
}

function slotOf(found: Found | undefined, walk: Walk): Slot | undefined {
  if (!found) return undefined;
  if (!found.type) return refuse(walk, refusalOf('null'));
  return { type: found.type, nullable: found.orNull || found.orUndefined };
}

/** Steps into a part of `schema`; undefined after a refusal. */
function slotWithin(part: Schema, schema: Schema, walk: Walk, path: string): Slot | undefined {
  const inner: Walk = { path, within: [...walk.within, schema], problems: walk.problems };
  return slotOf(visit(part, inner), inner);
}

function visit(schema: Schema, outer: Walk): Found | undefined {
  if (outer.within.includes(schema)) return refuse(outer, RECURSIVE);
  if (outer.within.length >= MAX_DEPTH) return refuse(outer, TOO_DEEP);
  const meta = (schema as Partial<z.ZodType>).meta?.()?.parquet;
  const own = meta === undefined ? undefined : parseDeclaredType(meta);
  if (meta !== undefined && !own) {
    return refuse(outer, {
      message: `the metadata parquet: ${JSON.stringify(meta)} names no type`,
      mend: `write ${DECLARABLE}, with p from 1 to 38 and s up to p`,
    });
  }
  const walk: Walk = { ...outer, declared: outer.declared ?? own };
  const def = (schema as z.core.$ZodTypes)._zod.def;
  // A wrapper passes the walk on to what it wraps, the declared type included.
  const through = (inner: Schema) => visit(inner, { ...walk, within: [...walk.within, schema] });

  switch (def.type) {
    case 'optional': {
      const found = through(def.innerType);
      return found && { ...found, orUndefined: true };
    }
    case 'nullable': {
      const found = through(def.innerType);
      return found && { ...found, orNull: true };
    }
    case 'default':
    case 'prefault':
    case 'nonoptional': {
      const found = through(def.innerType);
      return found && { ...found, orUndefined: false };
    }
    case 'catch':
    case 'readonly':
      return through(def.innerType);
    case 'lazy':
      return through(def.getter());
    case 'pipe':
      return through(def.out);
    case 'union':
      return unionOf(def.options, schema, walk);
    case 'array':
    case 'object':
    case 'record':
      if (walk.declared) {
        return refuse(walk, {
          message: `a ${def.type} cannot be stored as ${walk.declared.kind}`,
          mend: 'remove the parquet metadata, or put it on the values inside',
        });
      }
      return nestedOf(schema, def, walk);
    default:
      return scalarOf(def, walk);
  }
}

function nestedOf(
  schema: Schema,
  def: z.core.$ZodArrayDef | z.core.$ZodObjectDef | z.core.$ZodRecordDef,
  walk: Walk,
): Found | undefined {
  if (def.type === 'array') {
    const element = slotWithin(def.element, schema, walk, `${walk.path}[]`);
    return element && always({ kind: 'list', element });
  }
  if (def.type === 'record') {
    const value = slotWithin(def.valueType, schema, walk, `${walk.path}{}`);
    return value && always({ kind: 'map', value });
  }
  if (def.catchall && def.catchall._zod.def.type !== 'never') refuse(walk, EXTRA_FIELDS);
  const names = Object.keys(def.shape);
  if (names.length === 0) return refuse(walk, NO_FIELDS);
  walk.problems.push(...checkNames(names, walk.path));
  const fields: Column[] = [];
  for (const name of names) {
    const part = def.shape[name];
    const slot = part && slotWithin(part, schema, walk, walk.path === '' ? name : `${walk.path}.${name}`);
    if (slot) fields.push({ name, ...slot });
  }
  return always({ kind: 'struct', fields });
}

/** Members of one type are that type, int64 beside double is double, null and undefined make it nullable. */
function unionOf(options: readonly Schema[], schema: Schema, walk: Walk): Found | undefined {
  const within = [...walk.within, schema];
  const all: Found = { type: undefined, orNull: false, orUndefined: false };
  let whole = true;
  for (const option of options) {
    const type = option._zod.def.type;
    if (type === 'null') all.orNull = true;
    else if (type === 'undefined' || type === 'void') all.orUndefined = true;
    else {
      const found = visit(option, { ...walk, within });
      if (!found) {
        whole = false;
        continue;
      }
      all.orNull ||= found.orNull;
      all.orUndefined ||= found.orUndefined;
      if (!found.type) continue;
      const joined = all.type === undefined ? found.type : sameType(all.type, found.type);
      if (!joined) return refuse(walk, MIXED_UNION);
      all.type = joined;
    }
  }
  return whole ? all : undefined;
}

function scalarOf(def: z.core.$ZodTypes['_zod']['def'], walk: Walk): Found | undefined {
  if (walk.declared && isOpaque(def.type)) return always(walk.declared);
  switch (def.type) {
    case 'string': {
      const format = def as Partial<z.core.$ZodISODateTimeDef>;
      if (walk.declared?.kind === 'timestamp' && format.format === 'datetime' && format.local) {
        return refuse(walk, LOCAL_TIME);
      }
      return stored({ kind: 'string' }, walk);
    }
    case 'template_literal':
      return stored({ kind: 'string' }, walk);
    case 'number':
      return stored(typeOfNumber(def), walk);
    case 'bigint':
      return stored(typeOfBigint(def), walk);
    case 'boolean':
      return stored({ kind: 'boolean' }, walk);
    case 'date':
      return stored({ kind: 'timestamp' }, walk);
    case 'enum':
      return valuesOf(enumValues(def.entries), walk);
    case 'literal':
      return valuesOf(def.values, walk);
    default:
      return refuse(walk, refusalOf(def.type));
  }
}

/** A TypeScript number enum also maps its values back to their names; those are no values. */
function enumValues(entries: Readonly<Record<string, string | number>>): (string | number)[] {
  const numbers = Object.values(entries).filter((value) => typeof value === 'number');
  return Object.entries(entries)
    .filter(([name]) => !numbers.includes(Number(name)))
    .map(([, value]) => value);
}

function valuesOf(values: readonly unknown[], walk: Walk): Found | undefined {
  const orNull = values.includes(null);
  const orUndefined = values.includes(undefined);
  const rest = values.filter((value) => value !== null && value !== undefined);
  if (rest.length === 0) return { type: undefined, orNull, orUndefined };
  const type = typeOfValues(rest);
  if (!type) return refuse(walk, MIXED_LITERALS);
  const found = stored(type, walk);
  return found && { ...found, orNull, orUndefined };
}

/** The inferred type, or the declared one where the values can be stored so. */
function stored(inferred: ScalarType, walk: Walk): Found | undefined {
  if (!walk.declared) return always(inferred);
  if (canStoreAs(inferred, walk.declared)) return always(walk.declared);
  return refuse(walk, {
    message: `a ${inferred.kind} cannot be stored as ${walk.declared.kind}`,
    mend: 'remove the parquet metadata, or convert: .transform(…).pipe(…)',
  });
}
