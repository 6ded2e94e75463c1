/** A proposal as the TypeScript of a target. */
import type { ProposedColumn } from './columns.js';
import type { JsonAnswer } from './json-answers.js';
import { jsonHelpersFor, jsonLines } from './json-source.js';
import { LD_HELPERS, ldCall, ldHelpersFor } from './ld-source.js';
import { comment, pattern, property, quote } from './literals.js';
import type { Proposal } from './proposal.js';
import { selectOf } from './samples.js';

/** Where the pages come from. */
export interface ProposedDiscover {
  urls: string[];
  sitemap: { url: string; include: string | undefined } | undefined;
  /** Selectors of links to pages of the kind. */
  follow: string[];
}

export interface TargetDraft {
  name: string;
  /** The page that was looked at. */
  url: string;
  proposal: Proposal;
  columns: readonly ProposedColumn[];
  key: readonly string[];
  ready: string;
  discover: ProposedDiscover;
  answers: readonly Pick<JsonAnswer, 'method' | 'url' | 'shape'>[];
}

const MOST_ANSWERS = 8;

export function targetSource(draft: TargetDraft): string {
  const { name, proposal, key, ready, discover } = draft;
  const isLd = proposal.source === 'json-ld';
  const isJson = proposal.source === 'json';
  const follows = discover.follow.length > 0;
  const imports = discover.sitemap === undefined ? 'defineTarget' : 'defineTarget, sitemap';
  const head = isLd ? `${ldHelpersFor(draft.columns).types}` : '';
  return `import { ${imports} } from 'thresh';
import { z } from 'zod';
${head}
${headComments(draft).join('\n')}
export default defineTarget({
  name: ${quote(name)},
  // What is delivered. A row that does not fit is kept aside in quarantine, with the reason.
  schema: z.object({
${draft.columns.map((column) => `    ${schemaLine(column, key)}`).join('\n')}
  }),
  // What makes two rows the same.
  key: [${key.map(quote).join(', ')}],
${discoverLines(discover).join('\n')}
${isJson && !follows ? '' : `  // Shown when the page is rendered.\n  ready: ${quote(ready)},\n`}${
  isJson
    ? jsonLines(draft, follows ? followLines(discover) : [])
    : isLd
      ? extractLines(draft)
      : fieldsLines(draft)
}
});
${isLd ? ldHelpersFor(draft.columns).functions : isJson ? jsonHelpersFor(draft.columns) : ''}`;
}

function headComments({ url, proposal, answers }: TargetDraft): string[] {
  const { source, count, isList, rows, type, root, json } = proposal;
  const what = isList ? `${count} rows` : 'one row';
  const where = json?.sources.map((one) => one.name).join(' and ') ?? type ?? rows ?? root;
  const lines = [
    comment(`Proposed from ${url}`, 200),
    comment(
      `${what} a page, from ${SOURCES[source]}${where === undefined ? '' : `: ${where}`}. Look at it, then make it yours.`,
      200,
    ),
  ];
  if (answers.length > 0) lines.push('//', comment('Data that the page asks for while it is drawn:'));
  for (const { method, url: asked, shape } of answers.slice(0, MOST_ANSWERS))
    lines.push(comment(`${method} ${plain(asked, 100)}  ${shape}`, 220));
  return lines;
}

export const SOURCES = {
  json: 'the JSON that it asks for',
  'json-ld': 'its JSON-LD',
  microdata: 'its microdata',
  repeated: 'repeated elements',
  page: 'what the page shows',
  meta: 'its meta elements',
} as const;

function plain(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function schemaLine({ name, kind, optional, numbers }: ProposedColumn, key: readonly string[]): string {
  const base = {
    string: key.includes(name) ? 'z.string().min(1)' : 'z.string()',
    number: 'z.number()',
    boolean: 'z.boolean()',
    date: 'z.date()',
    url: 'z.url()',
    list: 'z.array(z.string())',
  }[kind];
  const told = numbers === undefined ? '' : ` // a number on ${numbers.is} of ${numbers.of} rows`;
  return `${property(name)}: ${base}${optional ? '.optional()' : ''},${told}`;
}

function discoverLines({ urls, sitemap, follow }: ProposedDiscover): string[] {
  if (sitemap !== undefined) {
    const include =
      sitemap.include === undefined ? '' : `, {\n    include: ${pattern(sitemap.include)},\n  }`;
    return [`  discover: sitemap(${quote(sitemap.url)}${include}),`];
  }
  const lines = [`  discover: [${urls.map(quote).join(', ')}],`];
  if (follow.length === 0)
    lines.unshift(
      "  // A list of URLs; sitemap('https://…/sitemap.xml', { include: /\\/product\\// }) reads a whole catalogue.",
    );
  return lines;
}

function fieldsLines({ proposal, columns, discover }: TargetDraft): string {
  const lines = ['  fields: {'];
  if (proposal.rows !== undefined) lines.push(`    rows: ${quote(proposal.rows)},`);
  lines.push('    fields: {');
  for (const { name, kind, field } of columns) {
    if (!('select' in field)) continue;
    const select = quote(selectOf(field));
    const as = kind === 'string' || kind === 'list' ? undefined : kind;
    const parts = [
      `select: ${select}`,
      ...(as === undefined ? [] : [`as: '${as}'`]),
      ...(kind === 'list' ? ['all: true'] : []),
    ];
    lines.push(`      ${property(name)}: ${parts.length === 1 ? select : `{ ${parts.join(', ')} }`},`);
  }
  lines.push('    },');
  if (discover.follow.length > 0) {
    lines.push('    // More pages of the kind.');
    lines.push(
      `    follow: [${discover.follow.map((select) => `{ select: ${quote(select)} }`).join(', ')}],`,
    );
  }
  lines.push('  },');
  return lines.join('\n');
}

function followLines({ follow }: ProposedDiscover): string[] {
  return [
    '    // More pages of the kind.',
    '    const links = await page.evaluate(',
    "      (select) => [...document.querySelectorAll(select)].map((link) => link.getAttribute('href') ?? ''),",
    `      ${quote(follow.join(', '))},`,
    '    );',
    "    for (const link of links) if (link !== '') follow(link);",
  ];
}

function extractLines({ proposal, columns, discover }: TargetDraft): string {
  const follows = discover.follow.length > 0;
  const usesRequest = columns.some(({ field }) => field.from !== 'json-ld');
  const context = ['page', ...(usesRequest ? ['request'] : []), ...(follows ? ['follow'] : [])].join(', ');
  const lines = [`  async extract({ ${context} }) {`];
  if (follows) lines.push(...followLines(discover));
  lines.push(
    '    const texts = await page.evaluate(() =>',
    '      [...document.querySelectorAll(\'script[type="application/ld+json" i]\')].map(',
    "        (script) => script.textContent ?? '',",
    '      ),',
    '    );',
    `    return ${LD_HELPERS.items}(texts, ${quote(proposal.type ?? '')}).map((item) => ({`,
    ...columns.map(({ name, kind, field }) => `      ${property(name)}: ${ldCall(field, kind)},`),
    '    }));',
    '  },',
  );
  return lines.join('\n');
}
