/**
 * Hosts of a test's own: network namespaces on a bridge, each with an address, and links that can be cut. Services of
 * the test listen on addresses of the bridge. Linux, as root, with iproute2.
 */
import { spawnSync } from 'node:child_process';

export interface Host {
  name: string;
  /** To be put before a command that is to run there. */
  way: readonly string[];
  cut(): void;
  heal(): void;
  /** Kills all that runs there, at once. */
  crash(): void;
}

export interface Hosts {
  /** So many addresses of services. */
  services: readonly string[];
  hosts: readonly Host[];
  close(): void;
}

function ip(line: string): boolean {
  return spawnSync('ip', line.split(' '), { stdio: 'ignore' }).status === 0;
}

/** Undefined when hosts can be made here. */
export function missingForHosts(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux only';
  const probe = `thresh-probe-${process.pid}`;
  if (!ip(`netns add ${probe}`)) return 'network namespaces are not permitted here (root and iproute2)';
  ip(`netns del ${probe}`);
  return undefined;
}

export function makeHosts(services: number, hosts: number): Hosts {
  const id = process.pid % 60_000;
  const net = `10.${100 + (id % 100)}.${Math.floor(id / 100) % 250}`;
  const bridge = `thb${id}`;
  const must = (line: string): void => {
    if (!ip(line)) throw new Error(`ip ${line} failed`);
  };
  must(`link add ${bridge} type bridge`);
  must(`link set ${bridge} up`);
  const addresses = Array.from({ length: services }, (_, at) => `${net}.${at + 1}`);
  for (const address of addresses) must(`addr add ${address}/24 dev ${bridge}`);
  const made = Array.from({ length: hosts }, (_, at): Host => {
    const name = `th${id}h${at}`;
    const cable = `thv${id}${String.fromCharCode(97 + at)}`;
    must(`netns add ${name}`);
    must(`link add ${cable} type veth peer name eth0 netns ${name}`);
    must(`link set ${cable} master ${bridge} up`);
    must(`-n ${name} link set lo up`);
    must(`-n ${name} addr add ${net}.${101 + at}/24 dev eth0`);
    must(`-n ${name} link set eth0 up`);
    return {
      name,
      way: ['ip', 'netns', 'exec', name],
      cut: () => must(`link set ${cable} down`),
      heal: () => must(`link set ${cable} up`),
      crash() {
        const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
        for (const pid of stdout.split('\n').filter((line) => line !== '')) {
          try {
            process.kill(Number(pid), 'SIGKILL');
          } catch {
            // it went by itself
          }
        }
      },
    };
  });
  return {
    services: addresses,
    hosts: made,
    close() {
      for (const host of made) {
        host.crash();
        ip(`netns del ${host.name}`);
      }
      ip(`link del ${bridge}`);
    },
  };
}
