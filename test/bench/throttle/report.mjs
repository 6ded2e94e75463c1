// @ts-check
/** What a run has to say: told on stdout while it goes, kept as Markdown, and judged. */

/**
 * @typedef {object} Report
 * @property {(title: string) => void} section
 * @property {(text: string) => void} say
 * @property {(head: readonly string[], rows: readonly (readonly (string | number)[])[]) => void} table the first column holds words
 * @property {(what: string, isMet: boolean, measured: string) => void} check
 * @property {(said: string) => void} progress not kept
 * @property {() => string} markdown
 * @property {() => number} failed checks
 */

/** @returns {Report} */
export function createReport() {
  /** @type {string[]} */
  const blocks = [];
  /** @type {string[]} */
  const failed = [];
  const keep = (/** @type {string} */ block) => {
    blocks.push(block);
    console.log(`\n${block}`);
  };
  return {
    section: (title) => keep(`### ${title}`),
    say: keep,
    table: (head, rows) => keep(tableOf(head, rows)),
    check(what, isMet, measured) {
      if (!isMet) failed.push(what);
      const line = `- ${isMet ? 'PASS' : 'FAIL'}: ${what}: ${measured}`;
      if (blocks.at(-1)?.startsWith('- ')) blocks.push(`${blocks.pop()}\n${line}`);
      else blocks.push(line);
      console.log(line);
    },
    progress: (said) => console.error(said),
    markdown: () => `${blocks.join('\n\n')}\n`,
    failed: () => failed.length,
  };
}

/**
 * Columns of one width, so that it reads well as it is.
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | number)[])[]} rows
 */
function tableOf(head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0), 4));
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(cells[0] ?? []), `| ${rule.join(' | ')} |`, ...cells.slice(1).map(line)].join('\n');
}

/** @param {import('./measure.mjs').Run} run */
export function rowOf({ name, figures, givenUp, capped }) {
  const { pages, seconds, asked, refused, refusedShare, peak, mean, p50Ms, p95Ms } = figures;
  return [
    name,
    pages,
    `${seconds.toFixed(1)}${capped ? ' (cap)' : ''}`,
    asked,
    `${refused} (${(refusedShare * 100).toFixed(1)} %)`,
    givenUp,
    peak,
    mean.toFixed(1),
    Math.round(p50Ms),
    Math.round(p95Ms),
  ];
}

export const RUN_HEAD = [
  'client',
  'pages served',
  'seconds',
  'requests',
  '429',
  'given up',
  'peak in flight',
  'mean in flight',
  'response p50, ms',
  'p95, ms',
];
