/** Keeps what the rows of a completed page come from, before the page has its outcome. */
import { factsOf } from '../data-lane/kept.js';
import type { KeptAnswer, KeptPage } from '../spool/record.js';
import type { CompletedPage } from './render.js';

/** Where contents are kept: their names are what a page's record holds. */
export interface KeepPlace {
  /** Names the part of the store that the batch adds to. */
  from: string;
  put(content: string): Promise<string>;
}

/** Undefined when there is nothing to keep of it. Throws StoreTrouble. */
export async function keepPage(page: CompletedPage, { from, put }: KeepPlace): Promise<KeptPage | undefined> {
  const { fetchedAt } = page;
  if (page.html !== undefined) return { from, fetchedAt, html: await put(page.html) };
  if (page.captured === undefined) return undefined;
  const answers: KeptAnswer[] = [];
  for (const answer of page.captured.answers)
    answers.push({ ...factsOf(answer), content: await put(answer.text) });
  return { from, fetchedAt, answers };
}
