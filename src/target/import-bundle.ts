/** Runs a target's bundle: a module of its own that leaves no file behind, and whose errors name the user's file and line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ThreshError } from '../errors.js';
import type { TargetBundle } from './bundle.js';

/** `FILE:LINE:COLUMN` of the first frame of the error's stack that lies in the target's own files. */
export type Locate = (error: unknown) => string | undefined;

export interface ImportedBundle {
  exports: Record<string, unknown>;
  locate: Locate;
}

/** A target that is still loading after this many ms is refused. */
const LOAD_TIMEOUT_MS = 30_000;

/** @throws ThreshError TARGET_INVALID when the module throws while it loads, or does not finish. */
export async function importBundle(bundle: TargetBundle, file: string): Promise<ImportedBundle> {
  // For what is thrown while it loads. Not for good: each stack would be mapped as it is made, and Playwright makes several
  // a call (3 ms of CPU a page). What is thrown later is mapped by `locate` alone.
  process.setSourceMapsEnabled(true);
  // A private folder: nobody else on the machine can put a file there between the write and the import.
  const folder = await mkdtemp(join(tmpdir(), 'thresh-target-'));
  const path = join(folder, 'target.mjs');
  const locate = createLocate(bundle, pathToFileURL(path).href);
  try {
    await writeFile(path, bundle.code);
    return { exports: await importWithin(pathToFileURL(path).href, file), locate };
  } catch (error) {
    if (error instanceof ThreshError) throw error;
    const reason = error instanceof Error ? `${error.name}: ${error.message || 'no message'}` : String(error);
    throw new ThreshError(
      `${locate(error) ?? file}: the target throws while it loads: ${firstLine(reason)}`,
      {
        code: 'TARGET_INVALID',
        scope: 'batch',
        mend: 'mend the file, then run again',
        cause: error,
      },
    );
  } finally {
    process.setSourceMapsEnabled(false);
    await rm(folder, { recursive: true, force: true });
  }
}

async function importWithin(href: string, file: string): Promise<Record<string, unknown>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new ThreshError(`${file}: the target is still loading after ${LOAD_TIMEOUT_MS / 1_000} s`, {
          code: 'TARGET_INVALID',
          scope: 'batch',
          mend: 'a top-level await in it never settles: move slow work into discover',
        }),
      );
    }, LOAD_TIMEOUT_MS);
  });
  try {
    return await Promise.race([import(/* @vite-ignore */ href), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads both kinds of stack: mapped by Node already, and raw where another tool has taken over the formatting. */
function createLocate(bundle: TargetBundle, href: string): Locate {
  const fileOf = (source: string): string => fileURLToPath(`file://${source}`);
  // Stacks spell a path as the map does, percent-encoded.
  const own = new Map(bundle.map.sources.map((source) => [source, fileOf(source)]));
  const bundled = fileURLToPath(href);
  const map = new SourceMap(bundle.map);
  return (error) => {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    for (const frame of stack.split('\n')) {
      const match = /^\s+at (?:.* \()?(?:async )?((?:file:\/\/)?\/?[^()]+?):(\d+):(\d+)\)?$/.exec(frame);
      if (!match) continue;
      const [, where = '', line = '', column = ''] = match;
      const source = own.get(where);
      if (source) return `${source}:${line}:${column}`;
      if (where !== href && where !== bundled) continue;
      const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
      if ('originalSource' in entry && entry.originalSource) {
        return `${fileOf(entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
      }
    }
    return undefined;
  };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
