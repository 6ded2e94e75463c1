/** For a person who looks at the page's window: what its fields were read from is outlined there. */
import type { Page } from 'playwright';
import type { ResolvedTarget } from '../target/defaults.js';
import type { FieldsSpec } from '../target/definition.js';
import { isFieldsSpec } from '../target/field-spec.js';
import { fieldReadings } from '../target/fields.js';
import { type MarkRequest, type Marks, markInPage } from '../target/in-page-marker.js';
import { createPageReader } from '../target/in-page-reader.js';
import { evaluateApart } from './apart.js';

const MOST_OUTLINED = 500;
const LIMIT_MS = 5_000;

/**
 * To be called when the page has been read, and nothing is kept of it any more. Undefined when it is read by no fields,
 * or does not answer.
 */
export async function markFields(
  page: Page,
  { fields }: ResolvedTarget,
  label: string | undefined,
): Promise<Marks | undefined> {
  const spec = specOf(fields, label);
  if (spec === undefined) return undefined;
  const request: MarkRequest = {
    rows: spec.rows ?? null,
    fields: fieldReadings(spec.fields),
    most: MOST_OUTLINED,
  };
  const expression = `(${String(markInPage)})((${String(createPageReader)})(), ${JSON.stringify(request)})`;
  return (await evaluateApart(page, expression, LIMIT_MS).catch(() => undefined)) as Marks | undefined;
}

function specOf(fields: ResolvedTarget['fields'], label: string | undefined): FieldsSpec | undefined {
  if (fields === undefined || isFieldsSpec(fields)) return fields;
  return label !== undefined && Object.hasOwn(fields, label) ? fields[label] : undefined;
}
