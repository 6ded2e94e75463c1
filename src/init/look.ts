/** The look at a page: its parts sent there together, and run in a world that the page's scripts cannot reach. */
import type { Page } from 'playwright';
import { evaluateApart } from '../page/apart.js';
import type { FoundPage, LookBounds } from './found.js';
import { createFactFinder } from './in-page-facts.js';
import { findGroups } from './in-page-groups.js';
import { lookInPage } from './in-page-look.js';
import { createNaming } from './in-page-names.js';
import { createSelectorMaker } from './in-page-selectors.js';
import type { JsonAnswer } from './json-answers.js';
import type { Proposal } from './proposal.js';
import { jsonSampleRows, ldSampleRows, type SampleRow, sampleQuery, sampleRows } from './samples.js';

const BOUNDS: LookBounds = {
  elements: 20_000,
  jsonLdTexts: 20,
  jsonLdCharacters: 500_000,
  links: 2_000,
  groups: 4,
  fields: 30,
};
const LIMIT_MS = 10_000;

export async function lookAt(page: Page): Promise<FoundPage> {
  const expression = `(() => {
    const naming = (${String(createNaming)})();
    const selectors = (${String(createSelectorMaker)})(naming);
    const facts = (${String(createFactFinder)})(naming, selectors);
    const groups = (${String(findGroups)})(naming, ${BOUNDS.elements});
    return (${String(lookInPage)})({ naming, selectors, facts, groups }, ${JSON.stringify(BOUNDS)});
  })()`;
  return (await evaluateApart(page, expression, LIMIT_MS)) as FoundPage;
}

/** The rows that a proposal finds on a page, or in what it asked for. */
export async function sampleOf(
  page: Page,
  proposal: Proposal,
  answers: () => Promise<readonly JsonAnswer[]>,
): Promise<SampleRow[]> {
  if (proposal.source === 'json')
    return jsonSampleRows(proposal, { url: page.url(), answers: await answers() });
  const query = sampleQuery(proposal);
  if (query !== undefined) return sampleRows(proposal, await evaluateApart(page, query.expression, LIMIT_MS));
  return ldSampleRows(
    proposal,
    (await evaluateApart(page, `(${String(jsonLdTexts)})(${JSON.stringify(BOUNDS)})`, LIMIT_MS)) as string[],
  );
}

/** Runs in the page. */
function jsonLdTexts(bounds: LookBounds): string[] {
  return [...document.querySelectorAll('script[type="application/ld+json" i]')]
    .slice(0, bounds.jsonLdTexts)
    .map((script) => script.textContent ?? '')
    .filter((text) => text.length <= bounds.jsonLdCharacters);
}
