import { spawn } from 'node:child_process';

/**
 * Runs a command to its end with its output on our stderr, so that stdout stays ours. Never throws; kills the whole
 * process group when the time is up or when nothing was printed for `quietMs`.
 *
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs: number, quietMs?: number, silent?: boolean }} options
 * @returns {Promise<{ ok: boolean, why: string, output: string }>} `output`: the last 8 KB of stdout and stderr
 */
export function run(command, { cwd, env = process.env, timeoutMs, quietMs, silent = false }) {
  return new Promise((resolve) => {
    const [file = '', ...args] = command;
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let why = '';
    /** @type {NodeJS.Timeout | undefined} */
    let quiet;

    /** @param {string} reason */
    const stop = (reason) => {
      why = reason;
      killGroup(child.pid);
    };
    const restartQuiet = () => {
      if (quietMs === undefined) return;
      clearTimeout(quiet);
      quiet = setTimeout(() => stop(`said nothing for ${quietMs / 1000} s`), quietMs);
    };
    const whole = setTimeout(() => stop(`took longer than ${timeoutMs / 1000} s`), timeoutMs);
    const interrupted = () => stop('interrupted');
    process.once('SIGINT', interrupted);
    process.once('SIGTERM', interrupted);
    restartQuiet();

    /** @param {Buffer} chunk */
    const take = (chunk) => {
      restartQuiet();
      output = (output + chunk.toString()).slice(-8192);
      if (!silent) process.stderr.write(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);

    /** @param {boolean} ok @param {string} reason */
    const settle = (ok, reason) => {
      clearTimeout(whole);
      clearTimeout(quiet);
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', interrupted);
      resolve({ ok, why: ok ? '' : reason, output });
    };
    child.once('error', (error) => settle(false, error.message));
    child.once('close', (code, signal) =>
      settle(code === 0 && why === '', why || (signal ? `killed by ${signal}` : `exit code ${code}`)),
    );
  });
}

/** @param {number | undefined} pid */
function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}
