// @ts-check
/**
 * `docs/benchmarks.md`, which the benchmarks write: each its own section between two HTML comments, with the machine
 * that it ran on. What stands outside of its comments a benchmark leaves as it is.
 */
import { execFileSync } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { findChromium } from '../../browser-pool/find-chromium.mjs';

/**
 * @typedef {object} Machine
 * @property {string} cpu model
 * @property {number} cores that this process may use
 * @property {number} memoryGb
 * @property {number} [loopMs] CPU time of a hundred million additions in Node: shared machines differ from hour to hour
 * @property {string} kernel
 * @property {string} node
 * @property {string} chromium version, or "none"
 * @property {string} date YYYY-MM-DD
 * @property {string} commit short, with "+" when files that git knows are changed; "unknown" outside of a clone
 */

/** @typedef {{ file: string, id: string, title: string, markdown: string, machine?: Machine }} Section headings in `markdown` begin at `###` */

const HEAD =
  '# Benchmarks\n\nWritten by the benchmarks themselves; what stands between two comments is replaced by the next run.\n';

/** @returns {Machine} */
export function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 1024 ** 3),
    loopMs: loopMs(),
    kernel: `${os.type()} ${os.release()}`,
    node: process.versions.node,
    chromium: chromiumVersion(),
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
  };
}

/**
 * Writes the section, in place of the one with that id or at the page's end; makes the page when there is none.
 * @param {Section} section
 */
export async function writeSection({ file, id, title, markdown, machine = describeMachine() }) {
  const [from, to] = [`<!-- ${id}: begin -->`, `<!-- ${id}: end -->`];
  const section = `${from}\n\n## ${title}\n\n${lineOf(machine)}\n\n${markdown.trim()}\n\n${to}`;
  const page = await readFile(file, 'utf8').catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    return HEAD;
  });
  const [begins, ends] = [page.indexOf(from), page.indexOf(to)];
  if (begins === -1 && ends === -1) return replace(file, `${page.trimEnd()}\n\n${section}\n`);
  if (begins === -1 || ends < begins)
    throw new Error(`${file} has one of "${from}" and "${to}": add the other, or remove it`);
  return replace(file, page.slice(0, begins) + section + page.slice(ends + to.length));
}

/** @param {Machine} machine */
function lineOf({ cpu, cores, memoryGb, loopMs: ms, kernel, node, chromium, date, commit: at }) {
  const pace = ms === undefined ? '' : `, a hundred million additions in ${ms} ms of CPU`;
  return `${date}, commit ${at}: ${cores} cores of ${cpu}, ${memoryGb} GB${pace}, ${kernel}, Node ${node}, Chromium ${chromium}.`;
}

/** @param {string} file @param {string} page */
async function replace(file, page) {
  await writeFile(`${file}.new`, page);
  await rename(`${file}.new`, file);
}

/** The best of three: the first is not compiled yet. */
function loopMs() {
  const tries = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    let sum = 0;
    for (let n = 0; n < 1e8; n++) sum += n;
    const { user, system } = process.cpuUsage(before);
    return sum > 0 ? (user + system) / 1_000 : 0;
  });
  return Math.round(Math.min(...tries));
}

function chromiumVersion() {
  const found = findChromium();
  if (found === undefined) return 'none';
  const said = execFileSync(found.path, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return `${/\d+(\.\d+)+/.exec(said)?.[0] ?? said.trim()}${found.headed ? '' : ' (headless shell)'}`;
}

function commit() {
  try {
    const git = (/** @type {string[]} */ ...asked) =>
      execFileSync('git', asked, {
        cwd: import.meta.dirname,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const isChanged = git('status', '--porcelain', '--untracked-files=no').trim() !== '';
    return `${git('rev-parse', '--short', 'HEAD').trim()}${isChanged ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}
