/** What was captured of a page's data, and how much of it is borne. */
import type { PageData } from '../target/data-source.js';

/** One data answer as the browser got it while a page was rendered. */
export interface CapturedAnswer {
  /** The name in the target's `data` that it matched. */
  name: string;
  /** As it went over the wire: header names in lower case, cookies among them where the browser tells. */
  request: { method: string; url: string; headers: Record<string, string>; body: string | undefined };
  status: number;
  contentType: string | undefined;
  /** The body as text; JSON. */
  text: string;
}

/** The data of one page: what was answered, and what `extract` is given of it. */
export interface CapturedPage {
  answers: CapturedAnswer[];
  data: PageData;
}

/** Of one answer, in characters; larger ones are refused. */
export const MAX_ANSWER_LENGTH = 16 * 1024 * 1024;
