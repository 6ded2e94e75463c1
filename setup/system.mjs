// The machine's own package manager: which one there is, whether we may use it, and how it is asked.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

/**
 * @typedef {'chromium' | 'window' | 'display' | 's3' | 'redis'} Need `window`: a Chromium that can open one; `display`: Xvfb;
 *   `s3`: OpenStack Swift, the S3-compatible server of the tests
 * @typedef {object} Manager
 * @property {string} id its command
 * @property {boolean} asRoot
 * @property {boolean} tried false: written from its documentation, never run by us
 * @property {string[] | undefined} refresh
 * @property {string[]} install the package's name comes after it
 * @property {Record<Need, string[]>} packages the first that exists is taken
 */

/** @type {Manager[]} */
const MANAGERS = [
  {
    id: 'apt-get',
    asRoot: true,
    tried: true,
    refresh: ['apt-get', 'update', '-o', 'DPkg::Lock::Timeout=300'],
    install: ['apt-get', 'install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'],
    packages: {
      chromium: ['chromium-headless-shell', 'chromium'],
      window: ['chromium'],
      display: ['xvfb'],
      s3: ['swift-proxy swift-account swift-container swift-object memcached'],
      redis: ['redis-server', 'valkey-server'],
    },
  },
  {
    id: 'dnf',
    asRoot: true,
    tried: false,
    refresh: undefined,
    install: ['dnf', 'install', '-y', '--setopt=install_weak_deps=False'],
    packages: {
      chromium: ['chromium'],
      window: ['chromium'],
      display: ['xorg-x11-server-Xvfb'],
      s3: [],
      redis: ['valkey', 'redis'],
    },
  },
  {
    id: 'apk',
    asRoot: true,
    tried: false,
    refresh: undefined,
    install: ['apk', 'add', '--no-cache'],
    packages: {
      chromium: ['chromium'],
      window: ['chromium'],
      display: ['xvfb'],
      s3: [],
      redis: ['redis', 'valkey'],
    },
  },
  {
    id: 'pacman',
    asRoot: true,
    tried: false,
    refresh: undefined,
    install: ['pacman', '-S', '--noconfirm', '--needed'],
    packages: {
      chromium: ['chromium'],
      window: ['chromium'],
      display: ['xorg-server-xvfb'],
      s3: [],
      redis: ['valkey', 'redis'],
    },
  },
  {
    id: 'brew',
    asRoot: false,
    tried: false,
    refresh: undefined,
    install: ['brew', 'install'],
    packages: {
      chromium: ['chromium'],
      window: ['chromium'],
      display: [],
      s3: [],
      redis: ['redis', 'valkey'],
    },
  },
];

/**
 * The first package manager on the PATH.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Manager | undefined}
 */
export function findManager(env) {
  return MANAGERS.find((manager) => onPath(manager.id, env));
}

/**
 * How the manager's commands must be prefixed, or `undefined` when we may not install: neither root nor a sudo that
 * asks nothing.
 *
 * @param {Manager} manager
 * @param {NodeJS.ProcessEnv} env
 * @returns {string[] | undefined}
 */
export function privilegeFor(manager, env) {
  if (!manager.asRoot || process.getuid?.() === 0) return [];
  if (
    onPath('sudo', env) &&
    spawnSync('sudo', ['-n', 'true'], { env, stdio: 'ignore', timeout: 5_000 }).status === 0
  ) {
    return ['sudo', '-n'];
  }
  return undefined;
}

/**
 * The command that a person would type for it.
 *
 * @param {Manager | undefined} manager
 * @param {Need} need
 * @param {NodeJS.ProcessEnv} env
 */
export function commandToType(manager, need, env) {
  if (!manager) {
    return need === 'chromium'
      ? 'npx playwright install --with-deps chromium'
      : "install redis-server (6.2 or later) with your system's package manager, or set REDIS_URL";
  }
  // Ubuntu's Chromium is a snap, and the package of that name only a pointer to it.
  if (need === 'chromium' && manager.id === 'apt-get' && isUbuntu())
    return 'npx playwright install --with-deps chromium';
  const sudo = manager.asRoot && process.getuid?.() !== 0 ? 'sudo ' : '';
  const install = manager.install.filter((part) => part !== '-o' && !part.startsWith('DPkg::')).join(' ');
  const refresh = manager.refresh ? `${sudo}${manager.id} update && ` : '';
  const name = manager.packages[need].find(
    (candidate) => manager.id !== 'apt-get' || isInstallable(candidate, env),
  );
  return `${refresh}${sudo}${install} ${name ?? manager.packages[need][0]}`;
}

/**
 * Installs the first of the manager's packages for `need` that installs.
 *
 * @param {Manager} manager
 * @param {Need} need
 * @param {{ privilege: string[], env: NodeJS.ProcessEnv, say: (line: string) => void }} context
 * @returns {Promise<{ ok: boolean, why: string }>}
 */
export async function installPackage(manager, need, { privilege, env, say }) {
  const limits = {
    timeoutMs: 15 * 60_000,
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' },
  };
  // sudo drops the environment; `env` puts the two names back.
  const prefix =
    privilege.length > 0 ? [...privilege, 'env', 'DEBIAN_FRONTEND=noninteractive', 'NEEDRESTART_MODE=l'] : [];
  if (!manager.tried) say(`${manager.id} has not been tried by us: please tell us how it went`);
  if (manager.refresh) {
    const refreshed = await run([...prefix, ...manager.refresh], { ...limits, silent: true });
    if (!refreshed.ok)
      say(`${manager.refresh.slice(0, 2).join(' ')} failed (${refreshed.why}); going on with what it knows`);
  }

  let why = `${manager.id} has no package for it`;
  for (const name of manager.packages[need]) {
    const names = name.split(' ');
    if (manager.id === 'apt-get' && !names.every((one) => isInstallable(one, env))) continue;
    say(`${manager.install.slice(0, 2).join(' ')} ${name}`);
    const quietService = manager.id === 'apt-get' && (need === 'redis' || need === 's3');
    const command = [...manager.install, ...names];
    const result = await run(
      [...prefix, ...(quietService ? withoutServices(names, command) : command)],
      limits,
    );
    if (result.ok) return { ok: true, why: '' };
    why = result.why;
  }
  return { ok: false, why };
}

/**
 * Debian's packages start their servers for the whole machine and at each boot; we want the programs alone. policy-rc.d
 * is Debian's own way to say that: ours forbids these services, so that it harms nothing should it be left behind.
 *
 * @param {string[]} packages whose services bear their names, or names that begin so
 * @param {string[]} install
 */
function withoutServices(packages, install) {
  const patterns = packages.map((name) => `*${name}*`).join('|');
  const script = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\\ncase "$*" in ${patterns}) exit 101 ;; esac\\nexit 0\\n' > "$policy" && chmod 755 "$policy"
fi
"$@" || exit
for name in ${packages.join(' ')}; do
  if [ -d /run/systemd/system ]; then systemctl disable --quiet "$name*" || true; fi
  update-rc.d "$name" disable >/dev/null 2>&1 || true
done
`;
  return ['sh', '-c', script, 'sh', ...install];
}

/**
 * Whether apt knows a real package of that name: not one that only points to a snap.
 *
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
function isInstallable(name, env) {
  const answer = spawnSync('apt-cache', ['policy', name], {
    env: { ...env, LC_ALL: 'C' },
    encoding: 'utf8',
    timeout: 20_000,
  });
  const candidate = /Candidate: (\S+)/.exec(answer.stdout ?? '')?.[1];
  return candidate !== undefined && candidate !== '(none)' && !candidate.includes('snap');
}

function isUbuntu() {
  try {
    return /^ID=ubuntu$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

/**
 * @param {string} name
 * @param {NodeJS.ProcessEnv} env
 */
export function onPath(name, env) {
  return (env.PATH ?? '').split(delimiter).some((folder) => {
    if (folder === '') return false;
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
