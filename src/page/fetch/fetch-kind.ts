/**
 * What is known of the pages of one kind in one process: those of one label with as many segments in their addresses. An
 * application asks for `/detail/@scope/name` otherwise than for `/detail/name`, and both may have one label, or none.
 *
 *   learning   pages are rendered, and their requests learned from (data-lane/learn.ts)
 *   trying     a template predicts them all: the next pages are rendered and fetched, one at a time, and compared
 *   fetching   from `TRIALS` good ones on
 *   never      it is over for the batch: why is said
 *
 * A page whose requests the template does not predict is learned from as well, and what comes of it is tried anew. So it
 * goes after `MOST_MISSES` pages in a row that had to be rendered all the same, and at most `MOST_STARTS` times.
 */
import type { CapturedPage } from '../../data-lane/captured.js';
import { type LearnPage, learn, MOST_PAGES } from '../../data-lane/learn.js';
import { contradiction } from '../../data-lane/predict.js';
import { shapeOf as addressOf } from '../../data-lane/request-shape.js';
import { merged, type Shape, shapeOf } from '../../data-lane/shape.js';
import type { HeaderTemplate, PageTemplate } from '../../data-lane/template.js';

export type Stage = 'learning' | 'trying' | 'fetching' | 'never';

/** What is kept for the next night. */
export interface KnownLane {
  template: PageTemplate;
  shapes: Record<string, Shape>;
}

export interface FetchKind {
  stage(): Stage;
  /** Why it is `never`, or not yet further. */
  why(): string;
  template(): PageTemplate;
  shapes(): ReadonlyMap<string, Shape>;
  /** A page was rendered. */
  saw(page: SeenPage): void;
  /** It was fetched as well, and gave the same. True when that was the last trial. */
  tried(): boolean;
  /**
   * It was fetched as well, and did not give the same. True when there is another way to try: what was left out since it
   * is another value on each page is sent as the latest page sent it, as a token may be.
   */
  triedInVain(): boolean;
  /** It was fetched, and is believed. */
  fetched(): void;
  /** It had to be rendered all the same, and that went well. */
  missed(why: string): void;
  /** The session's tokens had to be had anew. */
  renewed(): void;
  giveUp(why: string): void;
  known(): KnownLane;
}

export interface SeenPage extends LearnPage {
  captured: CapturedPage;
}

const TRIALS = 2;
const MOST_MISSES = 5;
const MOST_STARTS = 6;
/** Renewals in a row that each served for less than so many pages. */
const MOST_RENEWALS = 6;
const WORTH_PAGES = 20;

/** `detail, 4 segments`, or without a label `4 segments`: the same in every process, and to be read by people. */
export function kindNameOf({ url, label = '' }: { url: string; label?: string | undefined }): string {
  const { length } = addressOf(url).path;
  const segments = `${length} segment${length === 1 ? '' : 's'}`;
  return label === '' ? segments : `${label}, ${segments}`;
}

export function createFetchKind(known: KnownLane | undefined): FetchKind {
  let stage: Stage = known === undefined ? 'learning' : 'trying';
  let why = known === undefined ? 'no page was rendered yet' : 'it was learned in an earlier batch';
  let template: PageTemplate = known?.template ?? [];
  const shapes = new Map(Object.entries(known?.shapes ?? {}));
  let pages: LearnPage[] = [];
  let trials = 0;
  let misses = 0;
  let starts = 0;
  let renewals = 0;
  let sinceRenewal = 0;

  function giveUp(reason: string): void {
    stage = 'never';
    why = reason;
    pages = [];
  }

  /** False when it was tried too often. */
  function start(reason: string): boolean {
    starts += 1;
    trials = 0;
    misses = 0;
    if (starts > MOST_STARTS) {
      giveUp(`it was learned ${MOST_STARTS} times and did not hold: ${reason}`);
      return false;
    }
    stage = 'learning';
    why = reason;
    return true;
  }

  function learnFrom(page: LearnPage): void {
    pages = [...pages.slice(1 - MOST_PAGES), page];
    const learned = learn(pages);
    if (learned.kind === 'template') {
      stage = 'trying';
      template = learned.template;
    } else if (learned.kind === 'more') why = learned.why;
    else giveUp(learned.why);
  }

  return {
    stage: () => stage,
    why: () => why,
    template: () => template,
    shapes: () => shapes,
    saw({ captured, ...page }) {
      if (stage === 'never') return;
      // A page that has none of what others embed says that there need not be any.
      for (const [name, value] of Object.entries({ ...page.embedded, ...captured.data })) {
        const shape = shapes.get(name);
        shapes.set(name, shape === undefined ? shapeOf(value) : merged(shape, shapeOf(value)));
      }
      if (stage === 'learning') {
        learnFrom(page);
        return;
      }
      const against = contradiction(template, page);
      if (against !== undefined && start(against)) learnFrom(page);
    },
    tried() {
      trials += 1;
      if (trials < TRIALS || stage !== 'trying') return false;
      stage = 'fetching';
      return true;
    },
    triedInVain() {
      if (stage !== 'trying' || !leavesHeadersOut(template)) return false;
      template = template.map((request) => ({ ...request, headers: request.headers.map(asSessions) }));
      trials = 0;
      return true;
    },
    fetched() {
      misses = 0;
      sinceRenewal += 1;
    },
    missed(reason) {
      misses += 1;
      if (misses < MOST_MISSES || stage !== 'fetching') return;
      pages = [];
      start(`${MOST_MISSES} pages in a row had to be rendered all the same (${reason})`);
    },
    renewed() {
      renewals = sinceRenewal < WORTH_PAGES ? renewals + 1 : 1;
      sinceRenewal = 0;
      if (renewals > MOST_RENEWALS)
        giveUp(`what the site knows us by is over after less than ${WORTH_PAGES} pages`);
    },
    giveUp,
    known: () => ({ template, shapes: Object.fromEntries(shapes) }),
  };
}

function leavesHeadersOut(template: PageTemplate): boolean {
  return template.some(({ headers }) => headers.some(({ kind }) => kind === 'left-out'));
}

function asSessions(header: HeaderTemplate): HeaderTemplate {
  return header.kind === 'left-out' ? { name: header.name, kind: 'session' } : header;
}
