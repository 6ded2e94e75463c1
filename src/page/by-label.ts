import { ThreshError } from '../errors.js';
import type { ByLabel } from '../target/definition.js';

/**
 * The value for a page's label of an option that may stand once for all pages or once for each label.
 * Throws EXTRACT_FAILED (never) when there are labels but not this one.
 */
export function byLabel<T extends string | object>(
  option: T | ByLabel<T> | undefined,
  label: string | undefined,
  isOne: (value: unknown) => value is T,
  name: string,
): T | undefined {
  if (option === undefined || isOne(option)) return option;
  const entries = option as ByLabel<T>;
  const found = label !== undefined && Object.hasOwn(entries, label) ? entries[label] : undefined;
  if (found !== undefined || name === 'ready') return found;
  const known = Object.keys(entries).join(', ');
  throw new ThreshError(
    `${name} has no entry for ${label === undefined ? 'a page without a label' : `label "${label}"`}`,
    {
      code: 'EXTRACT_FAILED',
      scope: 'page',
      mend: `give the page one of the labels ${known}, or add the entry to the target`,
    },
  );
}
