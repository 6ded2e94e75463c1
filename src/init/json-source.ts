/** The part of a written target that reads the JSON that its pages ask for. */
import type { ProposedColumn } from './columns.js';
import type { JsonSource } from './json-sources.js';
import { READERS, readerFunctions } from './ld-source.js';
import { comment, pattern, property, quote } from './literals.js';
import type { TargetDraft } from './source.js';

export function jsonLines(
  { name, proposal, columns, discover }: TargetDraft,
  follow: readonly string[],
): string {
  const { sources = [], items } = proposal.json ?? {};
  const hint = [
    '  // Rows come from these answers alone, so pages may be fetched without a browser: after a first batch',
    `  ${comment(`\`thresh check ${name}\` says what \`lane: 'auto'\` gains. Turn it on when that is worth it.`, 200)}`,
  ];
  const names = sources.map((source) => source.name);
  const context = [
    `data: { ${names.join(', ')} }`,
    ...(columns.some(({ field }) => field.from === 'address') ? ['request'] : []),
    ...(follow.length > 0 ? ['page', 'follow'] : []),
  ].join(', ');
  const cells = columns.map((column) => `${property(column.name)}: ${readOf(column, items !== undefined)},`);
  const list = `${names[0] ?? ''}${stepsOf(items ?? [], false)}?.map((item) => ({`;
  return [
    ...(discover.follow.length === 0 ? hint : []),
    '  data: {',
    ...sources.map((source) => `    ${source.name}: ${sourceText(source)},`),
    '  },',
    ...(follow.length > 0
      ? [
          `  async extract({ ${context} }) {`,
          ...follow,
          `    return ${items === undefined ? '{' : list}`,
          ...cells.map((cell) => `      ${cell}`),
          `    ${items === undefined ? '}' : '}))'};`,
          '  },',
        ]
      : items === undefined
        ? [`  extract: ({ ${context} }) => ({`, ...cells.map((cell) => `    ${cell}`), '  }),']
        : [
            `  extract: ({ ${context} }) =>`,
            `    ${list}`,
            ...cells.map((cell) => `      ${cell}`),
            '    })),',
          ]),
  ].join('\n');
}

/** What the columns need beside the target itself. */
export function jsonHelpersFor(columns: readonly ProposedColumn[]): string {
  const read = columns.filter(({ field }) => field.from === 'json' && !field.isRaw);
  return readerFunctions(new Set(read.map(({ kind }) => READERS[kind])));
}

function sourceText({ pattern: known, method, operation }: JsonSource): string {
  if (method === undefined && operation === undefined) return pattern(known);
  const asked = method === undefined ? '' : `, method: ${quote(method)}`;
  const graphql = operation === undefined ? '' : `, graphql: ${quote(operation)}`;
  return `{ answer: ${pattern(known)}${asked}${graphql} }`;
}

function readOf({ field, kind, optional }: ProposedColumn, isItem: boolean): string {
  if (field.from !== 'json') return 'request.url';
  const value = `${isItem ? 'item' : field.source}${stepsOf(field.path, isItem)}`;
  if (field.around !== undefined) {
    const [before, after] = field.around;
    const address = [quote(before), value, ...(after === '' ? [] : [quote(after)])].join(' + ');
    return optional ? `${value} ? ${address} : undefined` : address;
  }
  if (!field.isRaw) return `${READERS[kind]}(${value})`;
  return optional ? `${value} ?? undefined` : value;
}

/** `isThere`: what the first step is taken from; what is deeper may always lack what it is in. */
function stepsOf(path: readonly string[], isThere: boolean): string {
  return path
    .map((step, at) => {
      const isSure = at === 0 && isThere;
      if (/^[A-Za-z_$][\w$]*$/.test(step)) return `${isSure ? '.' : '?.'}${step}`;
      return `${isSure ? '' : '?.'}[${/^\d+$/.test(step) ? step : quote(step)}]`;
    })
    .join('');
}
