import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright';
import { evaluateApart } from './apart.js';

export interface Artifacts {
  /** Paths within the folder. */
  screenshot?: string;
  html?: string;
  trace?: string;
}

const LIMIT_MS = 5_000;
const MAX_HTML = 5 * 1024 * 1024;

/**
 * Keeps what a page looks like in `folder`, as `NAME.png`, `NAME.html` and the trace begun by
 * `beginTrace` as `NAME.zip`, as far as it still answers. Never throws: it
 * is mostly called for a page that failed, and then that is the news.
 */
export async function keepArtifacts(
  page: Page,
  { folder, name, traced }: { folder: string; name: string; traced: boolean },
): Promise<Artifacts> {
  const artifacts: Artifacts = {};
  if (page.isClosed()) return artifacts;
  await mkdir(path.dirname(path.join(folder, name)), { recursive: true }).catch(() => undefined);
  const screenshot = `${name}.png`;
  const html = `${name}.html`;
  const trace = `${name}.zip`;
  await Promise.all([
    within(page.screenshot({ path: path.join(folder, screenshot), timeout: LIMIT_MS })).then((done) => {
      if (done) artifacts.screenshot = screenshot;
    }),
    within(htmlOf(page).then((text) => writeFile(path.join(folder, html), text))).then((done) => {
      if (done) artifacts.html = html;
    }),
  ]);
  // After the others, so that they stand in it.
  if (traced && (await within(page.context().tracing.stop({ path: path.join(folder, trace) }))))
    artifacts.trace = trace;
  return artifacts;
}

/** Of a page with a context of its own: a trace is of all pages of a context. False when it cannot be had. */
export function beginTrace(page: Page): Promise<boolean> {
  return within(page.context().tracing.start({ screenshots: true, snapshots: true }));
}

/** Cut where it is, from a world that the page's scripts cannot reach: a page may be larger than what we want to carry. */
export async function htmlOf(page: Page, most = MAX_HTML): Promise<string> {
  return String(await evaluateApart(page, `(${String(cutHtml)})(${most})`, LIMIT_MS));
}

/** Runs in the page. */
function cutHtml(most: number): string {
  const { doctype, documentElement } = document;
  const declared = doctype === null ? '' : new XMLSerializer().serializeToString(doctype);
  return `${declared}${documentElement?.outerHTML ?? ''}`.slice(0, most);
}

async function within(work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), LIMIT_MS + 500);
  });
  const done = work.then(
    () => true,
    () => false,
  );
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}
