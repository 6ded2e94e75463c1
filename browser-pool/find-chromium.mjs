// @ts-check
/**
 * Finds the Chromium to run. Plain JavaScript without dependencies: the setup script runs it before `npm ci`.
 *
 * Order: `CHROMIUM_PATH`; what Playwright has downloaded, newest build first; the system's headless shell, Chromium and
 * Chrome; the applications folder of a Mac.
 */
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {'env' | 'playwright' | 'chromium-headless-shell' | 'chromium' | 'google-chrome'} ChromiumKind
 */

/**
 * @typedef {object} FoundChromium
 * @property {string} path Absolute path of the executable.
 * @property {ChromiumKind} kind Where it comes from.
 * @property {boolean} headed Whether it can open a window: false for a headless shell.
 */

/**
 * @typedef {object} FindOptions
 * @property {boolean} [headed] Only one that can open a window. Default false.
 * @property {Record<string, string | undefined>} [env] Default `process.env`.
 * @property {NodeJS.Platform} [platform] Default `process.platform`.
 */

/** Thrown when `CHROMIUM_PATH` is set but cannot be used: what a person chose is never replaced in silence. */
export class ChromiumPathError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'ChromiumPathError';
  }
}

const SYSTEM_NAMES = /** @type {const} */ ([
  ['chromium-headless-shell', 'chromium-headless-shell'],
  ['chromium', 'chromium'],
  ['chromium-browser', 'chromium'],
  ['google-chrome-stable', 'google-chrome'],
  ['google-chrome', 'google-chrome'],
]);

const MAC_APPLICATIONS = /** @type {const} */ ([
  ['Chromium.app/Contents/MacOS/Chromium', 'chromium'],
  ['Google Chrome.app/Contents/MacOS/Google Chrome', 'google-chrome'],
]);

/** Folders searched when PATH is bare, as it is under cron and in systemd units. */
const SYSTEM_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/snap/bin', '/opt/homebrew/bin'];

/**
 * The Chromium to run, or `undefined` when this machine has none.
 *
 * @param {FindOptions} [options]
 * @returns {FoundChromium | undefined}
 * @throws {ChromiumPathError} when `CHROMIUM_PATH` is set but names no executable file, or one that cannot open the
 * window that is asked for.
 */
export function findChromium({ headed = false, env = process.env, platform = process.platform } = {}) {
  const found =
    fromEnvironment(env) ?? fromPlaywright(env, platform, headed) ?? fromSystem(env, platform, headed);
  if (found?.kind === 'env' && headed && !found.headed) {
    throw new ChromiumPathError(
      `CHROMIUM_PATH is ${found.path}, a headless shell, which cannot open a window: set it to a full Chromium`,
    );
  }
  return found;
}

/**
 * @param {Record<string, string | undefined>} env
 * @returns {FoundChromium | undefined}
 */
function fromEnvironment(env) {
  const given = env.CHROMIUM_PATH;
  if (!given) return undefined;
  const path = resolve(given);
  if (!isExecutable(path)) {
    throw new ChromiumPathError(`CHROMIUM_PATH is ${given}, which is not an executable file`);
  }
  return { path, kind: 'env', headed: !isHeadlessShell(path) };
}

/**
 * @param {Record<string, string | undefined>} env
 * @param {NodeJS.Platform} platform
 * @param {boolean} headed
 * @returns {FoundChromium | undefined}
 */
function fromPlaywright(env, platform, headed) {
  const builds = playwrightFolders(env, platform).flatMap((folder) =>
    entriesOf(folder).flatMap((name) => {
      const match = /^chromium(_headless_shell)?-(\d+)$/.exec(name);
      return match === null
        ? []
        : [{ folder: join(folder, name), shell: match[1] !== undefined, revision: Number(match[2]) }];
    }),
  );
  // The shell starts faster and is lighter, so it comes before the full build of the same revision.
  builds.sort((a, b) => b.revision - a.revision || Number(b.shell) - Number(a.shell));
  for (const build of builds) {
    if (headed && build.shell) continue;
    const path = playwrightExecutables(build.folder, build.shell).find(isExecutable);
    if (path !== undefined) return { path, kind: 'playwright', headed: !build.shell };
  }
  return undefined;
}

/**
 * @param {Record<string, string | undefined>} env
 * @param {NodeJS.Platform} platform
 * @returns {string[]}
 */
function playwrightFolders(env, platform) {
  const given = env.PLAYWRIGHT_BROWSERS_PATH;
  if (given && given !== '0') return [isAbsolute(given) ? given : resolve(env.INIT_CWD ?? '', given)];
  const home = env.HOME ?? homedir();
  const nextToPackage = modulesFolders().map((folder) => join(folder, 'playwright-core', '.local-browsers'));
  if (given === '0') return nextToPackage;
  if (platform === 'darwin') return [join(home, 'Library', 'Caches', 'ms-playwright')];
  if (platform === 'win32')
    return [join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'ms-playwright')];
  return [join(env.XDG_CACHE_HOME ?? join(home, '.cache'), 'ms-playwright')];
}

/** Every `node_modules` from this file upwards: it is right from the sources and from `dist` alike. */
function modulesFolders() {
  const folders = [];
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    folders.push(join(folder, 'node_modules'));
    const parent = dirname(folder);
    if (parent === folder) return folders;
    folder = parent;
  }
}

/**
 * Executables in one downloaded build, by whatever the platform's archive calls its folder.
 *
 * @param {string} build
 * @param {boolean} shell
 * @returns {string[]}
 */
function playwrightExecutables(build, shell) {
  const names = shell
    ? ['chrome-headless-shell', 'headless_shell', 'chrome-headless-shell.exe', 'headless_shell.exe']
    : [
        'chrome',
        'chrome.exe',
        'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
        'Chromium.app/Contents/MacOS/Chromium',
      ];
  return entriesOf(build).flatMap((folder) => names.map((name) => join(build, folder, name)));
}

/**
 * @param {Record<string, string | undefined>} env
 * @param {NodeJS.Platform} platform
 * @param {boolean} headed
 * @returns {FoundChromium | undefined}
 */
function fromSystem(env, platform, headed) {
  // A given PATH is the whole truth, so that a caller can look elsewhere; without one the usual folders are searched.
  const folders = env.PATH === undefined ? SYSTEM_FOLDERS : env.PATH.split(delimiter).filter(Boolean);
  for (const [name, kind] of SYSTEM_NAMES) {
    if (headed && kind === 'chromium-headless-shell') continue;
    for (const folder of folders) {
      const path = join(folder, name);
      if (isExecutable(path) && !isSnapStub(path)) {
        return { path, kind, headed: kind !== 'chromium-headless-shell' };
      }
    }
  }
  if (platform !== 'darwin') return undefined;
  for (const [application, kind] of MAC_APPLICATIONS) {
    for (const folder of ['/Applications', join(env.HOME ?? homedir(), 'Applications')]) {
      const path = join(folder, application);
      if (isExecutable(path)) return { path, kind, headed: true };
    }
  }
  return undefined;
}

/**
 * Ubuntu's `chromium-browser` package is a script that only tells one to install a snap.
 *
 * @param {string} path
 */
function isSnapStub(path) {
  if (!path.endsWith('chromium-browser')) return false;
  try {
    const script = readFileSync(path, 'latin1').slice(0, 4096);
    return script.startsWith('#!') && script.includes('snap install chromium');
  } catch {
    return false; // unreadable but executable: a program, not that script
  }
}

/** @param {string} path */
function isHeadlessShell(path) {
  return /headless[-_]shell(\.exe)?$/.test(path);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * @param {string} folder
 * @returns {string[]} empty when there is no such folder
 */
function entriesOf(folder) {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
