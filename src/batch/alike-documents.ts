/**
 * Whether the documents of a batch's pages are one and the same, as those of a single-page application are: the shell that
 * answers every address has one ETag, or one time of its last change, and neither moves when a page's data does.
 */
import type { Validator } from '../spool/record.js';

export interface AlikeDocuments {
  /** A page of the batch; undefined: its document cannot be asked by anything. */
  add(validator: Validator | undefined): void;
  /** Why documents say nothing of their pages; undefined: nothing speaks against it. */
  verdict(): string | undefined;
}

/** Pages that are looked at: memory does not grow with the batch. */
const LOOKED_AT = 1_000;

export function createAlikeDocuments(): AlikeDocuments {
  const times = new Map<string, number>();
  let pages = 0;
  let unasked = 0;
  return {
    add(validator) {
      if (pages >= LOOKED_AT) return;
      if (validator === undefined) {
        unasked += 1;
        return;
      }
      pages += 1;
      const name = JSON.stringify(validator);
      times.set(name, (times.get(name) ?? 0) + 1);
    },
    verdict() {
      if (pages === 0)
        return unasked === 0 ? undefined : 'documents have neither an ETag nor an older Last-Modified';
      const alike = [...times.values()].filter((count) => count > 1).reduce((sum, count) => sum + count, 0);
      return alike * 2 > pages
        ? `${alike} of ${pages} documents are known by what others are known by: they are the same for every page, and say nothing of its data`
        : undefined;
    },
  };
}
