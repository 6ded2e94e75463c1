/**
 * The data of one page's work: what was captured of it so far, by the names of the target, and whether the page is whole
 * with it. An answer counts for a name when no request that was asked before it for the same name still waits: so the
 * same answer is taken however they overtake each other.
 */
import type { Page } from 'playwright';
import type { Capture, CaptureFilter, Lease } from '../../browser-pool/index.js';
import type { CapturedAnswer, CapturedPage } from '../data-lane/captured.js';
import { MAX_ANSWER_LENGTH } from '../data-lane/captured.js';
import {
  type EmbeddedJson,
  embeddedAnswer,
  embeddedOf,
  embeddedText,
  selectorOf,
} from '../data-lane/embedded.js';
import { sourcesFor } from '../data-lane/match.js';
import { dataOf, type MissingData, type NamedReading, readAnswer } from '../data-lane/page-data.js';
import { ThreshError } from '../errors.js';
import type { NamedSource } from '../target/data-source.js';
import type { Stop } from './stop.js';

export interface PageDataWatch {
  /** Resolves when the page is whole; ends with `stop`. Throws NOT_READY when it is known that it will not be. */
  whole(stop: Stop): Promise<void>;
  /** What the page is not whole without. */
  missing(): MissingData[];
  /** As it is now. */
  captured(): CapturedPage;
}

/** For the page's own script to ask again, when all that it asked for a name was answered badly. */
const GRACE_MS = 5_000;
/** How often embedded JSON that is not there yet is looked for. */
const LOOK_MS = 150;
/** What is optional is waited for as long as it is asked for, and for so long after the rest. */
const OPTIONAL_MS = 100;

/** What a lease for pages with these data captures. */
export function captureFilter(sources: readonly NamedSource[]): CaptureFilter {
  return (request) => sourcesFor(request, sources).length > 0;
}

export function watchPageData(
  { captures, page }: Pick<Lease, 'captures' | 'page'>,
  sources: readonly NamedSource[],
  url: string,
): PageDataWatch {
  const named = new Map<Capture, NamedSource[]>();
  const read = new Map<CapturedAnswer, NamedReading>();
  const made = new Map<Capture, CapturedAnswer[]>();
  const embedded = new Map<string, CapturedAnswer>();
  const embeddedSources = embeddedOf(sources);

  function sourcesOf(capture: Capture): NamedSource[] {
    const known = named.get(capture) ?? sourcesFor(capture.request, sources);
    named.set(capture, known);
    return known;
  }

  function remember(answer: CapturedAnswer, source: NamedSource): CapturedAnswer {
    read.set(answer, { name: source.name, reading: readAnswer(answer, source) });
    return answer;
  }

  function answersOf(capture: Capture): CapturedAnswer[] {
    const { state, request, status = 0, contentType, text } = capture;
    if (state !== 'answered') return [];
    const known = made.get(capture);
    if (known !== undefined) return known;
    const answers = sourcesOf(capture).map((source) =>
      remember({ name: source.name, request, status, contentType, text }, source),
    );
    made.set(capture, answers);
    return answers;
  }

  /** Those that count: of a source, what was asked before the first request that still waits. */
  function readings(): NamedReading[] {
    const waiting = new Set<string>();
    const counted: NamedReading[] = [];
    for (const capture of captures.all) {
      const ours = sourcesOf(capture);
      if (capture.state === 'pending') for (const { name } of ours) waiting.add(name);
      for (const { name } of ours) {
        if (capture.state !== 'lost' || waiting.has(name)) continue;
        counted.push({ name, reading: { ok: false, why: capture.why ?? 'was lost' } });
      }
      for (const answer of answersOf(capture)) {
        const reading = read.get(answer);
        if (reading !== undefined && !waiting.has(answer.name)) counted.push(reading);
      }
    }
    for (const answer of embedded.values()) {
      const reading = read.get(answer);
      if (reading !== undefined) counted.push(reading);
    }
    return counted;
  }

  const isPending = (name: string): boolean =>
    captures.all.some(
      (capture) => capture.state === 'pending' && sourcesOf(capture).some((one) => one.name === name),
    );

  const isAwaited = ({ name, all, optional }: NamedSource): boolean => (all || optional) && isPending(name);

  const missing = (): MissingData[] =>
    dataOf(sources, readings()).missing.map((one) =>
      isPending(one.name) ? { ...one, why: 'was asked for and not answered yet' } : one,
    );

  /** Throws when a name has only bad answers, for longer than the page's script takes to ask again. */
  function refuseHopeless(absent: readonly MissingData[]): void {
    for (const { name, why } of absent) {
      const ours = captures.all.filter((capture) => sourcesOf(capture).some((one) => one.name === name));
      const last = Math.max(...ours.map(({ sinceMs }) => sinceMs));
      if (ours.length === 0 || ours.some(({ state }) => state === 'pending')) continue;
      if (Date.now() - last >= GRACE_MS) throw lacking(url, [{ name, why }]);
    }
  }

  async function lookForEmbedded(): Promise<void> {
    const open = embeddedSources.filter(({ name }) => !embedded.has(name));
    if (open.length === 0) return;
    const found = await scriptsIn(page, open);
    for (const [at, source] of open.entries()) {
      const text = embeddedText(source, found[at] ?? []);
      if (text === undefined) continue;
      embedded.set(source.name, remember(embeddedAnswer(source, text, url), source));
    }
  }

  return {
    async whole(stop) {
      let restsSinceMs: number | undefined;
      const hasOptional = sources.some(({ optional }) => optional);
      while (!stop.isStopped) {
        await lookForEmbedded();
        const changed = captures.changed();
        const absent = missing();
        if (absent.length === 0 && !sources.some(isAwaited)) {
          restsSinceMs ??= Date.now();
          if (!hasOptional || Date.now() - restsSinceMs >= OPTIONAL_MS) return;
        } else restsSinceMs = undefined;
        refuseHopeless(absent);
        await Promise.race([changed, pause(LOOK_MS)]);
      }
      return new Promise<never>(() => undefined);
    },
    missing,
    captured() {
      const answers = [...captures.all.flatMap(answersOf), ...embedded.values()];
      return {
        answers: answers.filter((answer) => read.get(answer)?.reading.ok),
        data: dataOf(sources, readings()).data,
      };
    },
  };
}

/** A data answer as it is shown to whoever looks on: nothing of what was sent with its request. */
export interface DataSeen {
  name: string;
  method: string;
  url: string;
  status: number | undefined;
  /** Characters of its text. */
  length: number;
  /** Of one that gives nothing. */
  why?: string;
}

/** What a lease captured for these sources, in order, whatever became of it. */
export function dataSeen({ captures }: Pick<Lease, 'captures'>, sources: readonly NamedSource[]): DataSeen[] {
  return captures.all.flatMap(({ request, state, status, contentType, text, why }) =>
    sourcesFor(request, sources).map((source) => {
      const { method, url } = request;
      const answer = { name: source.name, request, status: status ?? 0, contentType, text };
      const reading = readAnswer(answer, source);
      const lost = state === 'pending' ? 'has not come' : state === 'lost' ? why : undefined;
      const wrong = lost ?? (reading.ok ? undefined : reading.why);
      return {
        ...{ name: source.name, method, url, status, length: text.length },
        ...(wrong === undefined ? {} : { why: wrong }),
      };
    }),
  );
}

/** The failure of a page whose data did not come; undefined when all of it did. */
export function lacking(url: string, missing: readonly MissingData[]): ThreshError | undefined {
  if (missing.length === 0) return undefined;
  const what = missing.map(({ name, why }) => `"${name}" ${why}`).join(', ');
  return new ThreshError(`${url} did not get its data: ${what}`, {
    code: 'NOT_READY',
    scope: 'page',
    retry: 'later',
    mend: 'look at the page with `thresh debug`: it lists the data answers; a page that does not exist wants `gone`',
  });
}

/** Texts of the script elements that each source's selector finds in the page. */
async function scriptsIn(page: Page, sources: readonly EmbeddedJson[]): Promise<string[][]> {
  const asked = sources.map((source) => [selectorOf(source), source.embedded === '__NUXT__']);
  try {
    return await page.evaluate(`(${String(readScripts)})(${JSON.stringify(asked)}, ${MAX_ANSWER_LENGTH})`);
  } catch {
    return []; // the page went on to another document: it is asked again
  }
}

/** Runs in the page. Nothing of a document that is still being sent: its last script may be half. */
function readScripts(asked: [string, boolean][], most: number): string[][] {
  if (document.readyState === 'loading') return [];
  let left = most;
  const take = (text: string): string[] => {
    left -= text.length;
    return left < 0 ? [] : [text];
  };
  return asked.map(([selector, isNuxt]) => {
    const texts = [...document.querySelectorAll(selector)].flatMap((element) =>
      element.localName === 'script' ? take(element.textContent ?? '') : [],
    );
    const state = (globalThis as { __NUXT__?: unknown }).__NUXT__;
    return isNuxt && texts.length === 0 && typeof state === 'object' ? take(JSON.stringify(state)) : texts;
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
