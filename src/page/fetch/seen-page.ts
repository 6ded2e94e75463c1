/** A rendered page as it is learned from: what it asked for, who it came as, and why its kind will never be fetched. */
import { isOwnSite } from '../../../browser-pool/index.js';
import type { CapturedAnswer } from '../../data-lane/captured.js';
import { embeddedOf } from '../../data-lane/embedded.js';
import { dataSourcesOf, type NamedSource } from '../../target/data-source.js';
import type { PageTask, RenderDeps, RenderedPage, TakenPage } from '../render.js';
import type { SeenPage } from './fetch-kind.js';
import { DOCUMENT, type RenderedAs } from './identity.js';

export interface LookedAtPage {
  seen: SeenPage;
  as: RenderedAs;
  /** Undefined: nothing stands against it. */
  never: string | undefined;
}

export interface Rendering {
  taken: TakenPage;
  page: RenderedPage;
  /** By robots.txt. Throws when the rules cannot be had. */
  mayAsk(url: string): Promise<boolean>;
}

/** While the page still stands. Undefined for a page without data. */
export async function lookAtPage(
  { request }: PageTask,
  { target }: RenderDeps,
  { taken: { lease, session }, page, mayAsk }: Rendering,
): Promise<LookedAtPage | undefined> {
  if (page.outcome !== 'completed' || page.captured === undefined) return undefined;
  const { url, label, data } = request;
  const sources = dataSourcesOf(target.definition.data, label);
  const { captured, document } = page;
  const embedded = new Map(embeddedOf(sources).map(({ name }) => [name, captured.data[name]]));
  const asked = captured.answers.filter(({ name }) => !embedded.has(name));
  const answers = firstOfEach(asked, sources);
  const cookies = await lease.page.context().cookies();
  const seen = {
    ...{ url, label, data, session: String(session.generation), answers, captured },
    embedded: Object.fromEntries(embedded),
  };
  const never =
    page.followed.length > 0
      ? 'its pages follow links'
      : elsewhereIn(answers, url, target.definition.allowHosts) || (await disallowedIn(answers, mayAsk));
  const sent = document === undefined ? [] : [{ name: DOCUMENT, request: { headers: document.sent } }];
  return { seen, as: { url, cookies, answers: [...answers, ...sent] }, never };
}

function elsewhereIn(
  answers: readonly CapturedAnswer[],
  pageUrl: string,
  allowHosts: readonly string[],
): string | undefined {
  const elsewhere = answers.find(({ request }) => !isOwnSite(request.url, pageUrl, allowHosts));
  return (
    elsewhere && `${elsewhere.name} comes from another site; \`allowHosts\` names those that may be asked`
  );
}

/** Rules that cannot be had are met when something is asked by them. */
async function disallowedIn(
  answers: readonly CapturedAnswer[],
  mayAsk: Rendering['mayAsk'],
): Promise<string | undefined> {
  for (const { request } of answers)
    if (!(await mayAsk(request.url).catch(() => true))) return `robots.txt disallows ${request.url}`;
  return undefined;
}

/** Of a source that is one answer, the first good one is what `extract` is given: asked for again, it changes nothing. */
function firstOfEach(answers: readonly CapturedAnswer[], sources: readonly NamedSource[]): CapturedAnswer[] {
  const several = new Set(sources.flatMap(({ name, all }) => (all ? [name] : [])));
  return answers.filter(
    ({ name }, at) => several.has(name) || answers.findIndex((other) => other.name === name) === at,
  );
}
