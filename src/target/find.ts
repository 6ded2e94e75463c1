/** Where targets lie: a name in a folder of targets, or a path to a file. */
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { ThreshError } from '../errors.js';
import { nearest } from './suggest.js';

/** In the order in which a name is looked up. */
const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'] as const;

export interface TargetFile {
  name: string;
  /** Absolute. */
  file: string;
}

/**
 * The targets of a folder, by name; empty when there is no such folder. A file whose name begins with `_` or `.` is a
 * part shared by targets, and `*.d.ts`, `*.test.*` are none.
 */
export async function listTargets(targetsDir: string): Promise<TargetFile[]> {
  const found = new Map<string, TargetFile>();
  const names = await readdir(targetsDir).catch(() => []);
  for (const extension of EXTENSIONS) {
    for (const entry of names) {
      if (extname(entry) !== extension || /^[_.]|\.d\.m?ts$|\.test\.m?[jt]s$/.test(entry)) continue;
      const name = basename(entry, extension);
      if (!found.has(name)) found.set(name, { name, file: resolve(targetsDir, entry) });
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The file that TARGET means: a path when it has a folder or an ending, else a name in `targetsDir`.
 * @throws ThreshError TARGET_INVALID when there is none, naming those that are there.
 */
export async function findTarget(ref: string, options: { targetsDir: string; cwd: string }): Promise<string> {
  const isPath = /[\\/]/.test(ref) || EXTENSIONS.some((extension) => ref.endsWith(extension));
  if (isPath) {
    const candidates = [resolve(options.cwd, ref), join(options.targetsDir, ref)];
    for (const file of candidates) if (await isFile(file)) return file;
    throw refused(`no target file ${resolve(options.cwd, ref)}`, 'give the path of a .ts or .js file');
  }
  for (const extension of EXTENSIONS) {
    const file = resolve(options.targetsDir, ref + extension);
    if (await isFile(file)) return file;
  }
  const names = (await listTargets(options.targetsDir)).map((target) => target.name);
  const near = nearest(ref, names);
  throw refused(
    `no target "${ref}" in ${options.targetsDir}`,
    near
      ? `did you mean "${near}"?`
      : names.length > 0
        ? `there are: ${names.join(', ')}`
        : 'make one with thresh init, or name another folder with --targets-dir',
  );
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

function refused(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'TARGET_INVALID', scope: 'batch', mend });
}
