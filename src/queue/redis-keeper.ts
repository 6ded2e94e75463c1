/**
 * The keeper: a detached shell that runs redis-server, again if it dies, for as long as somebody holds the writing end
 * of a named pipe. When the last holder is gone, by exit or SIGKILL, the kernel ends the keeper's read, and it stops
 * its server, its own and no other. It lets go of the pipe only when that server is gone.
 */
import { execFile, spawn } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

export interface KeeperFiles {
  dir: string;
  socket: string;
  pipe: string;
  /** The pid of the server that was started last. Redis does not know this file and does not remove it. */
  pid: string;
  log: string;
}

const STOP_TIMEOUT_MS = 10_000;

let joins = 0;

/**
 * A hold on a running keeper; undefined when there is none, or when it does not confirm the hold before `deadline`.
 *
 * That the pipe opens is not enough: the keeper may have seen the last holder leave and be about to stop. So it has to
 * answer, by removing a file that the hold names. The name is written once: a keeper on a busy machine reads slower
 * than one could repeat it, and would be held by what is left in the pipe long after the last holder has gone.
 */
export async function holdKeeper(files: KeeperFiles, deadline: number): Promise<FileHandle | undefined> {
  const hold = await openPipe(files.pipe);
  if (hold === undefined) return undefined;
  const name = `joining-${process.pid}-${joins++}`;
  const request = path.join(files.dir, name);
  await writeFile(request, '');
  let isAsked = false;
  do {
    if (!isAsked) isAsked = await say(hold, name);
    await delay(5);
    if (!existsSync(request)) return hold;
  } while (Date.now() < deadline && (await isRead(hold, files)));
  await Promise.all([hold.close(), rm(request, { force: true })]);
  return undefined;
}

/** False when the pipe is full, or broken, which `isRead` tells. */
async function say(hold: FileHandle, name: string): Promise<boolean> {
  try {
    await hold.write(`${name}\n`);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EPIPE' || code === 'EAGAIN') return false;
    throw error;
  }
}

/** Whether the keeper that reads this hold's pipe is still there: another one's pipe has another inode. */
async function isRead(hold: FileHandle, files: KeeperFiles): Promise<boolean> {
  const end = await openPipe(files.pipe);
  if (end === undefined) return false;
  const [ours, now] = await Promise.all([hold.stat(), end.stat()]);
  await end.close();
  return ours.ino === now.ino;
}

export async function isKept(files: KeeperFiles): Promise<boolean> {
  const end = await openPipe(files.pipe);
  await end?.close();
  return end !== undefined;
}

/** The pipe's writing end, or undefined when nobody reads it (ENXIO) or there is none yet. */
async function openPipe(pipe: string): Promise<FileHandle | undefined> {
  try {
    return await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENXIO' || code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Starts keeper and server. The handle is a writing end of the pipe: the caller's hold on both. */
export async function startKeeper(
  files: KeeperFiles,
  redisServer: string,
  timeoutMs: number,
): Promise<FileHandle | undefined> {
  await Promise.all([files.socket, files.pipe].map((file) => rm(file, { force: true })));
  await promisify(execFile)('mkfifo', ['-m', '600', files.pipe]);
  const config = path.join(files.dir, 'redis.conf');
  await writeFile(config, configOf(files), { mode: 0o600 });
  // Both ends in one: neither this open nor the keeper's, which has it as its input, waits for the other. If this
  // process is killed here, the keeper finds no writer and ends.
  const both = await open(files.pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const log = await open(files.log, 'a');
  try {
    const args = ['-c', KEEPER, 'thresh-redis-keeper', redisServer, config, files.pipe, files.pid];
    args.push(path.dirname(files.socket));
    spawn('sh', args, { cwd: files.dir, detached: true, stdio: [both.fd, log.fd, log.fd] }).unref();
    const running = await waitForAnswer(files.socket, timeoutMs);
    return running ? await openPipe(files.pipe) : undefined;
  } finally {
    await Promise.all([both.close(), log.close()]);
  }
}

/** $1 server, $2 its configuration, $3 pipe, $4 pid file, $5 the socket's folder. The pid stands before the server runs. */
const KEEPER = `
exec 4<"$3" </dev/null
(
  exec 4<&-
  trap 'stopping=1; [ -z "$server" ] || kill "$server"' TERM
  while [ -z "$stopping" ] && kill -0 $$; do
    [ -d "$5" ] || mkdir -m 700 "$5"
    sh -c 'echo $$ >"$3"; exec "$1" "$2"' thresh-redis-server "$1" "$2" "$4" &
    server=$!
    [ -z "$stopping" ] || kill "$server"
    wait "$server"
    [ -z "$stopping" ] || wait "$server"
    server=
    [ -n "$stopping" ] || sleep 0.2
  done
) &
loop=$!
while read -r joining <&4; do rm -f "$joining"; done
kill "$loop"
wait "$loop"
rmdir "$5" 2>/dev/null
`;

function configOf(files: KeeperFiles): string {
  return [
    'port 0',
    `unixsocket "${files.socket}"`,
    'unixsocketperm 700',
    `dir "${files.dir}"`,
    'daemonize no',
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    'maxmemory-policy noeviction',
    'databases 1',
    'hz 2', // nothing of ours waits for what it does by the clock, and ten times a second it would wake up for nothing
    `proc-title-template "{title} ${files.socket}"`,
    '',
  ].join('\n');
}

/**
 * Waits for the end of a server that no keeper watches any more, asking it to save and stop: two servers must never
 * share a folder, and one that ends late would take the socket of the next with it.
 */
export async function stopOrphan(files: KeeperFiles): Promise<void> {
  const pid = Number(await readFile(files.pid, 'utf8').catch(() => ''));
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  for (let asked = false; await isOurServer(pid, files); asked = true) {
    if (!asked) process.kill(pid, 'SIGTERM');
    else if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(20);
  }
}

/** By its command line, since a pid may be another process's by now; that of a zombie is empty. */
async function isOurServer(pid: number, files: KeeperFiles): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return /(redis|valkey)/.test(command) && (command.includes(files.socket) || command.includes(files.dir));
}

export async function waitForAnswer(socket: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (await answers(socket)) return true;
    await delay(20);
  }
  return false;
}

/** True when the server answers PING (while it loads its append-only file it does not yet). */
export function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.setTimeout(1_000, () => settle(false));
    connection.on('connect', () => connection.write('PING\r\n'));
    connection.on('data', (data) => settle(data.toString().startsWith('+PONG')));
    connection.on('error', () => settle(false));
    connection.on('close', () => settle(false));
    function settle(answer: boolean): void {
      connection.destroy();
      resolve(answer);
    }
  });
}
