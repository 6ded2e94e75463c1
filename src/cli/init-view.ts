/** What `thresh init` says of a page and of the target that it wrote for it. All of it comes from a page: text, never more. */

import { SOURCES, type TargetDraft } from '../init/source.js';
import type { Survey } from '../init/survey.js';
import type { Trial } from '../init/trial.js';
import { shapeText } from '../init/url-shape.js';
import { plainText } from '../telemetry/plain-text.js';
import { rowsTable } from './rows-table.js';

const MOST = { answers: 8, rows: 3, refused: 3 };
const NAMES = {
  json: 'data',
  'json-ld': 'JSON-LD',
  microdata: 'microdata',
  repeated: 'repeated',
  page: 'the page',
  meta: 'meta',
} as const;

export function surveyText({ url, findings, answers, sitemap, notes }: Survey): string {
  const lines = ['', plainText(url, 500), ''];
  for (const { source, what } of findings) lines.push(line(NAMES[source], what));
  for (const { method, url: asked, shape } of answers.slice(0, MOST.answers))
    lines.push(line('data', `${method} ${asked}  ${shape}`));
  if (sitemap !== undefined) {
    const { shape, count, isCut } = sitemap;
    const alike = shape === undefined ? 'pages' : `pages like ${shapeText(shape)}`;
    lines.push(line('sitemap', `${sitemap.url}: ${isCut ? 'at least ' : ''}${count} ${alike}`));
  }
  for (const note of notes) lines.push(line('note', note));
  return `${lines.join('\n')}\n`;
}

export function draftText({ proposal, columns, key }: TargetDraft, width = 120): string {
  const rows = proposal.isList ? `${proposal.count} rows a page` : 'one row a page';
  const chosen = plainText(`chosen: ${rows}, from ${SOURCES[proposal.source]}; key ${key.join(', ')}`, 300);
  const table = columns.map(({ name, kind, optional, example, field }) => ({
    column: name,
    source: field.from === 'address' ? 'its address' : NAMES[field.from],
    type: `${kind}${optional ? ', may be missing' : ''}`,
    example,
  }));
  return `\n${chosen}\n${rowsTable(table, width)}\n\n`;
}

/** `widened`: columns that were required before a trial showed pages without them. */
export function trialText(trials: readonly Trial[], widened: readonly string[], width = 120): string {
  const lines: string[] = [];
  const how = trials.map(({ rows, refused, followed, problem }) => {
    const links = followed === 0 ? '' : `, ${followed} followed`;
    return problem ?? `${rows.length} valid, ${refused.length} refused${links}`;
  });
  const widest = Math.max(
    ...how.filter((_, at) => trials[at]?.problem === undefined).map(({ length }) => length),
  );
  for (const [at, { url, refused }] of trials.entries()) {
    lines.push(plainText(`${(how[at] ?? '').padEnd(widest)}  ${url}`, 600));
    for (const reason of refused.slice(0, MOST.refused)) lines.push(plainText(`  refused: ${reason}`, 300));
  }
  const shown = trials.flatMap(({ rows }) => rows.slice(0, MOST.rows));
  if (shown.length > 0) lines.push(rowsTable(shown, width));
  const valid = trials.reduce((sum, { rows }) => sum + rows.length, 0);
  const refused = trials.reduce((sum, trial) => sum + trial.refused.length, 0);
  const where = trials.length === 1 ? 'one page' : `${trials.length} pages`;
  lines.push(`${valid} rows valid, ${refused} refused, on ${where}`);
  if (widened.length > 0)
    lines.push(plainText(`missing on some of them, so made optional: ${widened.join(', ')}`, 500));
  return `${lines.join('\n')}\n\n`;
}

export function nextSteps(name: string, url: string): string {
  const address = /^[\w:/.,~%+@-]+$/.test(url)
    ? plainText(url, 500)
    : `'${plainText(url, 500).replaceAll("'", '%27')}'`;
  return `now: 1. look at it: are these the columns that you want, and all of them?
     2. thresh debug ${name} ${address}
     3. thresh run ${name} --limit 20  a small batch
`;
}

function line(what: string, text: string): string {
  return plainText(`${what.padEnd(11)} ${text}`, 300);
}
