/** How `fields` is written: the short text form, the long one, and one spec told apart from several by label. */
import type { ByLabel, FieldSpec, FieldsSpec } from './definition.js';

export interface Select {
  /** Empty: the row's own element. */
  selector: string;
  /** Undefined: the element's text. */
  attribute: string | undefined;
}

/** `'.a'`, `'.a@href'` or `'@href'` taken apart; undefined when nothing is named. */
export function parseSelect(text: string): Select | undefined {
  const match = /^(.*?)\s*@([\w:.-]+)$/s.exec(text.trim());
  const selector = (match ? match[1] : text)?.trim() ?? '';
  const attribute = match?.[2];
  return selector === '' && attribute === undefined ? undefined : { selector, attribute };
}

/** Whether this is one spec, rather than an object of specs by label. */
export function isFieldsSpec(value: FieldsSpec | ByLabel<FieldsSpec>): value is FieldsSpec {
  if (!Object.keys(value).every((key) => key === 'rows' || key === 'fields' || key === 'follow'))
    return false;
  if (typeof value.rows === 'string' || Array.isArray(value.follow)) return true;
  const fields: unknown = value.fields;
  if (typeof fields !== 'object' || fields === null) return false;
  // A label may itself be called "fields": then what is under it is a spec, not a field.
  const inner = (fields as { fields?: unknown }).fields;
  return typeof inner !== 'object' || inner === null || 'select' in inner;
}

/** A field in its long form, its `select` taken apart. */
export interface FieldReading extends Select {
  as: NonNullable<FieldSpec['as']>;
  all: boolean;
}

/** @throws TypeError when `select` names nothing; a target that has passed its check cannot cause it. */
export function fieldReading(spec: string | FieldSpec): FieldReading {
  const { select, as = 'string', all = false } = typeof spec === 'string' ? { select: spec } : spec;
  const parsed = parseSelect(select);
  if (!parsed)
    throw new TypeError(
      `"${select}" selects nothing: write 'SELECTOR', 'SELECTOR@ATTRIBUTE' or '@ATTRIBUTE'`,
    );
  return { ...parsed, as, all };
}
