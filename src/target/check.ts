/** A wrong target is refused when it loads: every problem at once, each with its path and a way to mend it. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { ThreshError } from '../errors.js';
import { dataProblems, documentProblems } from './data-rules.js';
import type { FieldsSpec, TargetDefinition } from './definition.js';
import {
  discoverRuleFor,
  fieldRuleFor,
  fieldsRule,
  isFieldsSpec,
  isFunction,
  isHttpUrl,
  isRecord,
  targetRule,
} from './option-rules.js';
import { kindOf, pathText, problemsOf, shown, type TargetProblem } from './problems.js';
import { proxyListProblems } from './proxy-urls.js';
import { nearest } from './suggest.js';

/** Looks at the schema with the eyes of whoever will store its rows. */
export type SchemaCheck<Columns> = (
  schema: z.ZodObject,
  key: readonly string[],
) => { columns?: Columns | undefined; problems: readonly TargetProblem[] };

export interface CheckedTarget<Columns> {
  definition: TargetDefinition;
  columns: Columns | undefined;
}

/** Of a long list, so many bad URLs are named. */
const MAX_BAD_URLS = 5;

/**
 * The default export of a target's file, checked.
 * @throws ThreshError TARGET_INVALID whose message lists all problems, one a line.
 */
export function checkTarget<Columns>(
  exports: Record<string, unknown>,
  file: string,
  checkSchema?: SchemaCheck<Columns>,
): CheckedTarget<Columns> {
  const value = exports.default;
  if (!isRecord(value)) {
    const message =
      value === undefined ? 'there is no default export' : `the default export is ${kindOf(value)}`;
    throw invalid(file, [{ path: '', message, mend: 'write: export default defineTarget({ … })' }]);
  }
  const problems = [
    ...optionProblems(value),
    ...discoverProblems(value.discover),
    ...readingProblems(value),
    ...dataProblems(value),
    ...documentProblems(value),
    ...storageProblems(value.browser, file),
    ...proxyProblems(value.proxies),
    ...navigateProblems(value),
    ...laneProblems(value),
  ];
  const { schema } = value;
  let columns: Columns | undefined;
  if (!isZodObject(schema)) {
    problems.push(schemaProblem(schema));
  } else {
    const keyTrouble = keyProblems(value.key, schema);
    problems.push(...keyTrouble, ...fieldsProblems(value.fields, schema));
    // With a wrong key the columns are still looked at, so that their problems show in the same go.
    const stored = checkSchema?.(schema, keyTrouble.length > 0 ? [] : (value.key as string[]));
    columns = stored?.columns;
    problems.push(
      ...(stored?.problems ?? []).filter(
        (problem) => keyTrouble.length === 0 || !problem.path.startsWith('key'),
      ),
    );
  }
  if (problems.length > 0) throw invalid(file, problems);
  return { definition: value as unknown as TargetDefinition, columns };
}

function optionProblems(value: Record<string, unknown>): TargetProblem[] {
  return problemsOf(targetRule, value, []);
}

function discoverProblems(discover: unknown): TargetProblem[] {
  if (discover === undefined) {
    const mend = "e.g. discover: sitemap('https://example.com/sitemap.xml')";
    return [{ path: 'discover', message: 'is missing: where do the pages come from?', mend }];
  }
  const problems = problemsOf(discoverRuleFor(discover), discover, ['discover']);
  if (!Array.isArray(discover)) return problems;
  for (const [index, entry] of discover.entries()) {
    if (problems.length >= MAX_BAD_URLS) break;
    const url = isRecord(entry) ? entry.url : entry;
    if (isHttpUrl(url)) continue;
    const path = isRecord(entry) ? `discover[${index}].url` : `discover[${index}]`;
    problems.push({
      path,
      message: `is no http(s) URL: ${shown(url)}`,
      mend: "write it whole, e.g. 'https://example.com/p/1'",
    });
  }
  return problems;
}

function readingProblems(value: Record<string, unknown>): TargetProblem[] {
  const { extract, fields } = value;
  if (extract === undefined && fields === undefined) {
    const mend = "write extract({ page }) { … } or fields: { rows: '.card', fields: { … } }";
    return [{ path: 'extract', message: 'is missing, and so is fields: how is a page read?', mend }];
  }
  if (extract !== undefined && fields !== undefined) {
    return [{ path: 'fields', message: 'stands beside extract', mend: 'leave one of the two out' }];
  }
  return [];
}

function storageProblems(browser: unknown, file: string): TargetProblem[] {
  const state = isRecord(browser) ? browser.storageState : undefined;
  if (typeof state !== 'string' || state.trim() === '') return [];
  const path = resolve(dirname(file), state);
  if (existsSync(path)) return [];
  return [
    {
      path: 'browser.storageState',
      message: `there is no file ${path}`,
      mend: "a path from the target's own file",
    },
  ];
}

/** A function's list is looked at when it comes. */
function proxyProblems(proxies: unknown): TargetProblem[] {
  return proxies === undefined || isFunction(proxies) ? [] : proxyListProblems(proxies);
}

/** Within an application only a selector tells what is there from what was there. */
function navigateProblems({ navigate, ready }: Record<string, unknown>): TargetProblem[] {
  const has = typeof ready === 'string' || (isRecord(ready) && Object.values(ready).some(isText));
  if (navigate !== 'soft' || has) return [];
  const message = "is 'soft', and `ready` is no selector";
  return [{ path: 'navigate', message, mend: "write ready: '.product', or leave navigate out" }];
}

/** Pages that are fetched have nothing but their data. */
function laneProblems({ lane, data, extract }: Record<string, unknown>): TargetProblem[] {
  if (lane !== 'auto' || (data !== undefined && extract !== undefined)) return [];
  const message = "is 'auto', and there is no `data` that rows could be read from without the page";
  const mend =
    'write data: { product: /\\/api\\/products\\// } and extract({ data }) { … }, or leave lane out';
  return [{ path: 'lane', message, mend }];
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function schemaProblem(schema: unknown): TargetProblem {
  const mend = 'e.g. schema: z.object({ sku: z.string(), price: z.number() })';
  if (schema === undefined) return { path: 'schema', message: 'is missing: what is a row?', mend };
  if (isRecord(schema) && '_def' in schema && !('_zod' in schema)) {
    return {
      path: 'schema',
      message: 'is a schema of zod 3',
      mend: "zod 4 is needed: import { z } from 'zod'",
    };
  }
  return { path: 'schema', message: 'must be a z.object', mend };
}

function keyProblems(key: unknown, schema: z.ZodObject): TargetProblem[] {
  const names = Object.keys(schema.shape);
  const mend = `a list of columns that name a row, e.g. key: ['${names[0] ?? 'id'}']`;
  if (key === undefined) return [{ path: 'key', message: 'is missing: what names a row?', mend }];
  if (!Array.isArray(key) || key.length === 0 || !key.every((name) => typeof name === 'string')) {
    return [{ path: 'key', message: 'must be a list of column names, at least one', mend }];
  }
  const problems: TargetProblem[] = [];
  for (const [index, name] of key.entries()) {
    const path = `key[${index}]`;
    if (!Object.hasOwn(schema.shape, name)) problems.push({ path, ...notAColumn(name, names) });
    else if (key.indexOf(name) !== index)
      problems.push({ path, message: `"${name}" is named twice`, mend: 'name it once' });
  }
  return problems;
}

function fieldsProblems(fields: unknown, schema: z.ZodObject): TargetProblem[] {
  if (fields === undefined) return [];
  const mend = "e.g. fields: { rows: '.card', fields: { sku: '@data-sku' } }";
  if (!isRecord(fields) || Object.keys(fields).length === 0) {
    return [{ path: 'fields', message: 'must be an object', mend }];
  }
  if (isFieldsSpec(fields as never) || 'fields' in fields) return specProblems(fields, schema, ['fields']);
  return Object.entries(fields).flatMap(([label, spec]) =>
    isRecord(spec)
      ? specProblems(spec, schema, ['fields', label])
      : [{ path: pathText(['fields', label]), message: `is ${kindOf(spec)}, not an object of fields`, mend }],
  );
}

function specProblems(
  spec: Record<string, unknown>,
  schema: z.ZodObject,
  at: PropertyKey[],
): TargetProblem[] {
  const problems = problemsOf(fieldsRule, spec, at);
  if (!isRecord(spec.fields)) return problems;
  const names = Object.keys(schema.shape);
  const takesAny = schema.def.catchall !== undefined && schema.def.catchall._zod.def.type !== 'never';
  const read = spec.fields as FieldsSpec['fields'];
  for (const [name, field] of Object.entries(read)) {
    const path = [...at, 'fields', name];
    problems.push(...problemsOf(fieldRuleFor(field), field, path));
    if (!takesAny && !names.includes(name))
      problems.push({ path: pathText(path), ...notAColumn(name, names) });
  }
  // An empty `fields` only follows links and reads no row.
  if (Object.keys(read).length === 0) return problems;
  for (const name of names) {
    if (name in read || acceptsNothing(schema.shape[name])) continue;
    const mend = `add it, or make it optional in the schema`;
    problems.push({
      path: pathText([...at, 'fields']),
      message: `no field reads "${name}", which the schema needs`,
      mend,
    });
  }
  return problems;
}

function acceptsNothing(type: unknown): boolean {
  try {
    return (type as z.ZodType).safeParse(undefined).success;
  } catch {
    // A rule that cannot run on nothing (async, or it throws) is left to the rows themselves.
    return true;
  }
}

function notAColumn(name: string, names: readonly string[]): { message: string; mend: string } {
  const near = nearest(name, names);
  return {
    message: `"${name}" is not in the schema`,
    mend: near ? `did you mean "${near}"?` : `the schema has: ${names.join(', ') || 'nothing'}`,
  };
}

/** By its kind and not by its class: a schema that another copy of zod made is one all the same. */
function isZodObject(schema: unknown): schema is z.ZodObject {
  const internals = isRecord(schema) ? schema._zod : undefined;
  return (
    isRecord(internals) &&
    isRecord(internals.def) &&
    internals.def.type === 'object' &&
    isRecord((schema as { shape?: unknown }).shape)
  );
}

function invalid(file: string, problems: readonly TargetProblem[]): ThreshError {
  const lines = problems.map(
    ({ path, message, mend }) => `  ${path ? `${path} ` : ''}${message}${mend ? ` (${mend})` : ''}`,
  );
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return new ThreshError(`${file} is not a valid target, ${count}:\n${lines.join('\n')}`, {
    code: 'TARGET_INVALID',
    scope: 'batch',
    mend: 'mend the target, then run again',
  });
}
