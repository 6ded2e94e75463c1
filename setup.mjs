#!/usr/bin/env node
// Makes this clone ready to run: dependencies, build, Chromium, Redis. Plain Node, because it runs before `npm ci`.
// Does nothing twice: what is there is left alone.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, isBuildFresh } from './setup/build.mjs';
import { dependencyProblem, installDependencies, linkCommand } from './setup/dependencies.mjs';
import { look, lookForChromium, lookForNode, lookForRedis, missingForTests } from './setup/findings.mjs';
import { withLock } from './setup/lock.mjs';
import { run } from './setup/run.mjs';
import { commandToType, findManager, installPackage, privilegeFor } from './setup/system.mjs';

const EXIT = { ready: 0, failed: 1, usage: 2, nodeTooOld: 3, needsAPerson: 4 };
const USAGE = `Usage: node setup.mjs [--check [--json]] [--build | --for-tests]

  (nothing)        install and build whatever is missing
  --check          only look; exit code 0 when all is there, else 1
  --check --json   the same as one JSON document on stdout
  --build          only compile dist/, when the sources changed
  --for-tests      also what some tests need: a Chromium with windows and Xvfb, an S3-compatible server (OpenStack
                   Swift); where that may not be installed, those tests are skipped

Exit codes: 0 ready, 1 failed, 2 usage, 3 Node too old, 4 a person has to install something (the command is printed).
`;

const root = fileURLToPath(new URL('.', import.meta.url)).replace(/[/\\]$/, '');
const env = process.env;
const flags = process.argv.slice(2);

process.exitCode = await main();

async function main() {
  if (flags.includes('--help')) {
    process.stdout.write(USAGE);
    return EXIT.ready;
  }
  const unknown = flags.find((flag) => !['--check', '--json', '--build', '--for-tests'].includes(flag));
  if (unknown !== undefined || (flags.includes('--json') && !flags.includes('--check'))) {
    process.stderr.write(
      `setup: ${unknown ? `unknown option ${unknown}` : '--json goes with --check'}\n\n${USAGE}`,
    );
    return EXIT.usage;
  }
  if (flags.includes('--check')) return check();

  const node = lookForNode();
  if (!node.ok) {
    say(`${node.found}. Mend: ${node.mend}`);
    return EXIT.nodeTooOld;
  }
  if (!(await prepareClone())) return EXIT.failed;
  if (flags.includes('--build')) return EXIT.ready;

  const exits = [await prepareChromium(), await prepareRedis()];
  if (flags.includes('--for-tests')) await prepareTests();
  if (exits.every((exit) => exit === EXIT.ready)) say(`ready: ${node.found}`);
  return Math.max(...exits);
}

function check() {
  const findings = look(root, env);
  const ok = findings.every((finding) => finding.ok);
  if (flags.includes('--json')) process.stdout.write(`${JSON.stringify({ ok, findings })}\n`);
  else
    for (const { name, ok: there, found, mend } of findings)
      report(`${there ? 'ok     ' : 'missing'} ${name}: ${found}`, mend);
  return ok ? EXIT.ready : EXIT.failed;
}

/** node_modules and dist/: what lies in the clone itself. */
async function prepareClone() {
  if (dependencyProblem(root) === undefined && isBuildFresh(root)) return true;
  return locked(async () => {
    const problem = dependencyProblem(root);
    if (problem !== undefined) {
      say(`dependencies: ${problem}; running npm ci`);
      const installed = await installDependencies(root, env);
      if (!installed.ok) return failed(`npm ci failed (${installed.why}); its own words are above`);
    }
    linkCommand(root);
    if (!isBuildFresh(root)) {
      say('build: compiling dist/');
      const built = await build(root, env);
      if (!built.ok) return failed(`the build failed (${built.why}); the compiler's own words are above`);
    }
    return true;
  });
}

async function prepareChromium() {
  const here = lookForChromium(env);
  if (here.ok) return done(here);
  if (env.CHROMIUM_PATH) return giveUp(here.found, here.mend ?? '');

  const manager = findManager(env);
  const privilege = manager ? privilegeFor(manager, env) : undefined;
  if (manager && privilege === undefined)
    return needsAPerson('Chromium', commandToType(manager, 'chromium', env));

  return locked(async () => {
    const meanwhile = lookForChromium(env);
    if (meanwhile.ok) return done(meanwhile);
    let why = await downloadChromium();
    if (why !== '' && manager && privilege) {
      say(`chromium: Playwright's download did not work (${why}); asking ${manager.id}`);
      ({ why } = await installPackage(manager, 'chromium', { privilege, env, say }));
    }
    const now = lookForChromium(env);
    return now.ok
      ? done(now)
      : giveUp(`no Chromium could be installed (${why})`, commandToType(manager, 'chromium', env));
  });
}

/** The two halves of `playwright install --with-deps`, the download first: where there is none, nothing else changes. */
async function downloadChromium() {
  say("chromium: none found; trying Playwright's own download");
  const cli = [process.execPath, join(root, 'node_modules', 'playwright', 'cli.js')];
  const patience = {
    ...env,
    PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: env.PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT ?? '10000',
  };
  const limits = { cwd: root, env: patience, timeoutMs: 15 * 60_000, quietMs: 120_000 };
  const downloaded = await run([...cli, 'install', 'chromium'], { ...limits, silent: true });
  if (!downloaded.ok)
    return /ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN/.exec(downloaded.output)?.[0] ?? downloaded.why;
  const libraries = await run([...cli, 'install-deps', 'chromium'], limits);
  if (!libraries.ok)
    say(
      `chromium: its system libraries could not be installed (${libraries.why}); thresh doctor tells whether it starts`,
    );
  return '';
}

/** Never a reason to fail: the tests that need it are skipped, and say so. */
async function prepareTests() {
  const manager = findManager(env);
  const privilege = manager ? privilegeFor(manager, env) : undefined;
  if (missingForTests(env).length === 0 || !manager || privilege === undefined) return;
  await locked(async () => {
    for (const need of missingForTests(env)) {
      const { ok, why } = await installPackage(manager, need, { privilege, env, say });
      if (!ok) say(`${need}: could not be installed (${why}); the tests that need it will be skipped`);
    }
  });
}

async function prepareRedis() {
  const here = lookForRedis(env);
  if (here.ok) return done(here);

  const manager = findManager(env);
  const privilege = manager ? privilegeFor(manager, env) : undefined;
  if (!manager || privilege === undefined)
    return needsAPerson('redis-server', commandToType(manager, 'redis', env));

  return locked(async () => {
    const meanwhile = lookForRedis(env);
    if (meanwhile.ok) return done(meanwhile);
    say(`redis: ${here.found}; asking ${manager.id}, without starting a service`);
    const { why } = await installPackage(manager, 'redis', { privilege, env, say });
    const now = lookForRedis(env);
    return now.ok
      ? done(now)
      : giveUp(`no Redis could be installed (${why})`, commandToType(manager, 'redis', env));
  });
}

/**
 * @template T
 * @param {() => Promise<T>} work
 */
function locked(work) {
  const onWait = (/** @type {number} */ pid) =>
    say(`another set-up (pid ${pid}) is at work in this clone; waiting for it`);
  return withLock(join(root, '.thresh', 'setup.lock'), { onWait, timeoutMs: 30 * 60_000 }, work);
}

/** @param {import('./setup/findings.mjs').Finding} finding */
function done({ name, found }) {
  say(`${name}: ${found}`);
  return EXIT.ready;
}

/** @param {string} what */
function failed(what) {
  say(what);
  return false;
}

/** @param {string} what @param {string} mend */
function giveUp(what, mend) {
  report(`setup: ${what}`, mend);
  return EXIT.failed;
}

/** @param {string} what @param {string} command */
function needsAPerson(what, command) {
  report(
    `setup: ${what} is missing and I may not install it here (no root, no sudo without a password). Please type:`,
    command,
  );
  return EXIT.needsAPerson;
}

/** @param {string} line @param {string | undefined} mend */
function report(line, mend) {
  process.stdout.write(`${line}\n${mend ? `    ${mend}\n` : ''}`);
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`setup: ${line}\n`);
}
