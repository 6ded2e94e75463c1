/** What of a value a request may use, and how it may be written there. */
import type { Code, Slice } from './template.js';

/** The likelier first. */
export const SLICES: readonly Slice[] = [
  'whole',
  'stem',
  'last',
  'stem-last',
  'digits',
  'first',
  'lower',
  'upper',
];

export const CODES: readonly Code[] = ['component', 'form', 'path', 'plain'];
/** The same in the query of an address. */
export const QUERY_CODES: readonly Code[] = ['query', 'form', 'path', 'plain'];

/** Undefined: the value has no such part, or that is all of it. */
export function sliceOf(value: string, slice: Slice): string | undefined {
  const part = partOf(value, slice);
  return part === '' || (slice !== 'whole' && part === value) ? undefined : part;
}

function partOf(value: string, slice: Slice): string | undefined {
  switch (slice) {
    case 'whole':
      return value;
    case 'stem':
      return value.replace(/\.[a-z0-9]{1,5}$/i, '');
    case 'last':
      return value.slice(value.lastIndexOf('-') + 1);
    case 'stem-last': {
      const stem = partOf(value, 'stem') ?? value;
      return stem === value ? undefined : stem.slice(stem.lastIndexOf('-') + 1);
    }
    case 'first':
      return value.includes('-') ? value.slice(0, value.indexOf('-')) : undefined;
    case 'digits':
      return /(\d+)\D*$/.exec(value)?.[1];
    case 'lower':
      return value.toLowerCase();
    case 'upper':
      return value.toUpperCase();
  }
}

/** Undefined: it cannot be written so (half a surrogate pair). */
export function written(text: string, code: Code): string | undefined {
  try {
    switch (code) {
      case 'plain':
        return text;
      case 'component':
        return encodeURIComponent(text);
      case 'query':
        return encodeURIComponent(text).replaceAll("'", '%27'); // the one sign that only an address escapes
      case 'form':
        return new URLSearchParams([['', text]]).toString().slice(1);
      case 'path':
        return encodeURI(text).replace(/[?#]/g, (sign) => (sign === '?' ? '%3F' : '%23'));
    }
  } catch {
    return undefined;
  }
}

/** As it stands where it is not written as an address has it. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
