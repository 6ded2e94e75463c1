/** From the answers that were captured of a page to what `extract` is given: read by name, and what is missing said. */
import type { JsonData, NamedSource, PageData } from '../target/data-source.js';
import { type CapturedAnswer, MAX_ANSWER_LENGTH } from './captured.js';
import { embeddedValue } from './embedded.js';
import { operationResult, operationsOf } from './graphql.js';
import { parseJson } from './json.js';

/** What an answer gives for a source, or why it gives nothing. */
export type AnswerReading = { ok: true; value: JsonData } | { ok: false; why: string };

/** A source that the page is not whole without, and why there is nothing of it. */
export interface MissingData {
  name: string;
  why: string;
}

/** The answer read for the source that it was captured for. */
export function readAnswer(answer: CapturedAnswer, source: NamedSource): AnswerReading {
  const { status, text, contentType, request } = answer;
  if (status < 200 || status > 299) return { ok: false, why: `was answered ${status}` };
  if (text.length > MAX_ANSWER_LENGTH)
    return { ok: false, why: `is larger than ${MAX_ANSWER_LENGTH / 1024 / 1024} MB` };
  if (text.trim() === '') return { ok: false, why: 'was answered without content' };
  try {
    const value = source.kind === 'embedded' ? embeddedValue(source, text) : parseJson(text);
    if (source.kind === 'embedded' || source.graphql === undefined)
      return { ok: true, value: value as JsonData };
    const result = operationResult(value, operationsOf(request).indexOf(source.graphql));
    return result.ok ? { ok: true, value: result.value as JsonData } : result;
  } catch {
    return {
      ok: false,
      why: `is no JSON${contentType === undefined ? '' : ` (${contentType.slice(0, 100)})`}`,
    };
  }
}

/** What was read of an answer that came. */
export interface NamedReading {
  name: string;
  reading: AnswerReading;
}

/**
 * The data of a page whose answers were read, in the order in which they were asked: the first good one of each source,
 * or all of them. A source of which nothing good came is missing, unless it is optional.
 */
export function dataOf(
  sources: readonly NamedSource[],
  readings: readonly NamedReading[],
): { data: PageData; missing: MissingData[] } {
  const data: Record<string, JsonData> = {};
  const missing: MissingData[] = [];
  for (const { name, all, optional, kind } of sources) {
    const ours = readings.flatMap((one) => (one.name === name ? [one.reading] : []));
    const values = ours.flatMap((reading) => (reading.ok ? [reading.value] : []));
    const [first] = values;
    const refused = ours.find((reading) => !reading.ok);
    if (values.length === 0 && !optional)
      missing.push({ name, why: refused?.ok === false ? refused.why : 'did not come' });
    // What is embedded is a list by itself.
    else if (all && kind === 'answer') data[name] = values as readonly JsonData[] as JsonData;
    else if (first !== undefined) data[name] = first;
  }
  return { data, missing };
}

/** The same from the answers themselves. */
export function pageDataOf(
  sources: readonly NamedSource[],
  answers: readonly CapturedAnswer[],
): { data: PageData; missing: MissingData[] } {
  const readings = answers.flatMap((answer) => {
    const source = sources.find(({ name }) => name === answer.name);
    return source === undefined ? [] : [{ name: source.name, reading: readAnswer(answer, source) }];
  });
  return dataOf(sources, readings);
}
