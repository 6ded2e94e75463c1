/** What `thresh debug` shows: for a person as text, for a script as JSON. */
import type { NetworkTally } from '../../browser-pool/index.js';
import type { DataSeen } from '../page/page-data.js';
import type { Marks } from '../target/in-page-marker.js';
import { plainText } from '../telemetry/plain-text.js';
import type { Beside, BesideRow } from './beside.js';
import type { Sight } from './debug-look.js';
import { besideTable, rowsTable, rowTable, shortValue } from './rows-table.js';
import type { ShownIdentity } from './worn-identity.js';

const MOST = { rows: 20, refused: 20, links: 10, answers: 20, errors: 10, differing: 10 };

export function debugText(sight: Sight, width = 120): string {
  const { outcome, network, files } = sight;
  const lines = [plainText(sight.url, 500), ''];
  if (!outcome.ok) {
    const { error } = outcome;
    lines.push(`FAILED  ${error.code}: ${plainText(error.message, 1_000)}`);
    if (error.mend !== undefined) lines.push(`  mend: ${plainText(error.mend, 500)}`);
    lines.push('', `time        ${sight.elapsedMs} ms until then${firstByte(network)}`);
  } else if (outcome.rendered.outcome === 'gone') {
    const { status } = outcome.rendered;
    lines.push(`gone: the page does not exist${status === undefined ? '' : ` (it answered ${status})`}`);
    lines.push('', `time        ${sight.elapsedMs} ms${firstByte(network)}`);
  } else {
    const { rows, quarantined, followed, timings } = outcome.rendered;
    const single = rows.length + quarantined.length === 1 ? sight.beside?.rows[0] : undefined;
    lines.push(`${rows.length} rows, ${quarantined.length} refused, ${followed.length} links followed`);
    if (rows.length > 0) {
      const shown = rows.slice(0, MOST.rows).map(({ row }) => row);
      if (shown.length > 1) lines.push(rowsTable(shown, width));
      else if (single === undefined || single.refused) lines.push(rowTable(shown[0] ?? {}, width));
      lines.push(...more(rows.length, MOST.rows));
    }
    if (sight.beside !== undefined) lines.push(...besideLines(sight.beside, single, width));
    for (const { index, issues, row } of quarantined.slice(0, MOST.refused)) {
      lines.push(`row ${index} refused:`);
      for (const issue of issues) {
        const value = JSON.stringify(valueAt(row, issue.path)) ?? 'missing';
        lines.push(
          `  ${plainText(issue.path || '(row)', 80)}: ${plainText(issue.message, 300)}; it is ${plainText(value, 120)}`,
        );
      }
    }
    lines.push(...more(quarantined.length, MOST.refused));
    for (const { label, url } of followed.slice(0, MOST.links))
      lines.push(`follow      ${plainText(`${label === undefined ? '' : `${label}  `}${url}`, 300)}`);
    lines.push(...more(followed.length, MOST.links));
    const { navigation, ready, extract, total } = timings;
    lines.push(
      '',
      `time        navigation ${navigation} ms${firstByte(network)}, ready ${ready - navigation} ms, extract ${extract - ready} ms, in all ${total} ms`,
    );
  }
  if (sight.marks !== undefined) lines.push(`window      ${marksText(sight.marks)}`);
  if (sight.identity !== undefined) lines.push(`as          ${identityText(sight.identity)}`);
  if (sight.replayed !== undefined)
    lines.push(`replayed    from ${plainText(sight.replayed, 300)}, without the network`);
  if (sight.answers !== undefined) lines.push(...answerLines(sight.answers));
  if (network !== undefined) lines.push(...networkLines(network));
  if (sight.leftHosts !== undefined) {
    const hosts = sight.leftHosts.map((host) => plainText(host, 100)).join(', ');
    lines.push(
      `block auto  ${hosts === '' ? 'nothing is known yet' : `batches do not ask ${hosts}; here it was asked`}`,
    );
  }
  for (const [name, file] of Object.entries(files)) lines.push(`${name.padEnd(12)}${file}`);
  return `${lines.join('\n')}\n`;
}

/** The same as one value. */
export function debugJson({ url, outcome, ...rest }: Sight): Record<string, unknown> {
  if (!outcome.ok) {
    const { code, message, mend } = outcome.error;
    return { url, outcome: 'failed', error: { code, message, mend }, ...rest };
  }
  if (outcome.rendered.outcome === 'gone') return { url, ...outcome.rendered, ...rest };
  const { captured: _, ...rendered } = outcome.rendered; // with the cookies that went with it
  return { url, ...rendered, ...rest };
}

function answerLines(answers: readonly DataSeen[]): string[] {
  if (answers.length === 0) return ['answers     none that the target names'];
  return answers.flatMap(({ name, method, url, status, length, why }, at) => {
    if (at >= MOST.answers) return at === MOST.answers ? more(answers.length, MOST.answers) : [];
    const what = why === undefined ? `${(length / 1024).toFixed(1)} KB` : why;
    const line = `${name}: ${method} ${status ?? '-'} ${url.slice(0, 200)}  ${what}`;
    return [`${at === 0 ? 'answers' : ''}`.padEnd(12) + plainText(line, 400)];
  });
}

function besideLines(beside: Beside, single: BesideRow | undefined, width: number): string[] {
  const { batch, date, rows, came, missing } = beside;
  if (single !== undefined)
    return [besideTable(single.fields, { date, width }), `beside      the row of ${batch}`];
  const differing = rows.filter(({ fields }) => fields.some(({ differs }) => differs));
  return [
    `beside      the rows of ${batch} (${date}): ${rows.length - differing.length} the same, ${differing.length} differ, ${came} came, ${missing} missing`,
    ...differing.slice(0, MOST.differing).map(({ fields }) => `            ${differenceText(fields)}`),
    ...more(differing.length, MOST.differing),
  ];
}

/** The first field, which is of the key, and whatever differs. */
function differenceText([first, ...fields]: BesideRow['fields']): string {
  const changes = fields
    .filter(({ differs }) => differs)
    .map(({ name, now, last }) => `${name} ${shortValue(now)} ≠ ${shortValue(last)}`);
  return plainText(`${shortValue(first?.now)}: ${changes.join(', ')}`, 400);
}

function identityText({ proxy, userAgent, cookies }: ShownIdentity): string {
  const parts = [
    ...(proxy === undefined ? [] : [`through ${proxy}`]),
    ...(cookies === undefined ? [] : [`with its ${cookies} cookies`]),
    ...(userAgent === undefined ? [] : [userAgent]),
  ];
  return `in its batch: ${plainText(parts.join(', '), 400)}`;
}

function marksText({ outlined, rows, missing }: Marks): string {
  const names = missing.map((one) => `${one.name}${rows > 1 ? ` (in ${one.rows} of ${rows} rows)` : ''}`);
  const not = names.length === 0 ? '' : `; not found: ${plainText(names.join(', '), 300)}`;
  return `${outlined} elements are outlined${not}`;
}

function networkLines(network: NetworkTally): string[] {
  const types = new Map<string, { made: number; blocked: number }>();
  for (const { type, status } of network.lines) {
    const counted = types.get(type) ?? { made: 0, blocked: 0 };
    types.set(type, counted);
    if (status === 'blocked') counted.blocked += 1;
    else counted.made += 1;
  }
  const byType = [...types].map(
    ([type, { made, blocked }]) => `${type} ${made}${blocked === 0 ? '' : ` (${blocked} blocked)`}`,
  );
  const failed = network.failed === 0 ? '' : `, ${network.failed} failed`;
  const lines = [
    `requests    ${network.requests - network.blocked} made, ${network.blocked} blocked${failed}: ${byType.join(', ')}`,
  ];
  const slowest = Math.max(0, ...network.dataTtfbMs);
  if (network.dataTtfbMs.length > 0)
    lines.push(
      `data        ${network.dataTtfbMs.length} answers, the slowest first byte after ${Math.round(slowest)} ms`,
    );
  for (const { method, status, url } of network.lines) {
    if (status === 'failed' || (typeof status === 'number' && status >= 400))
      lines.push(`            ${method} ${status} ${plainText(url, 200)}`);
  }
  for (const error of network.consoleErrors.slice(0, MOST.errors))
    lines.push(`console     ${plainText(error, 300)}`);
  lines.push(...more(network.consoleErrors.length, MOST.errors));
  return lines;
}

function firstByte(network: NetworkTally | undefined): string {
  return network?.documentTtfbMs === undefined
    ? ''
    : ` (first byte ${Math.round(network.documentTtfbMs)} ms)`;
}

function more(total: number, shown: number): string[] {
  return total > shown ? [`            and ${total - shown} more`] : [];
}

function valueAt(row: unknown, path: string): unknown {
  let value = row;
  for (const step of path === '' ? [] : path.split('.'))
    value = (value as Record<string, unknown> | null | undefined)?.[step];
  return value;
}
