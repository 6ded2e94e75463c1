/**
 * The control groups that bound this process, from its own up to the highest that can be seen: a limit of each of them
 * holds. A controller with a line of its own in /proc/self/cgroup belongs to version 1, all others to the single tree
 * of version 2; systems with both at once exist. In a container the tree that is seen may begin at its own group, and
 * the path in /proc/self/cgroup may be one of the host that does not exist in it.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Cgroups {
  version: 1 | 2;
  /** The process's own first. Absolute. */
  folders: string[];
}

/** Undefined where there are none. `root`: where /proc and /sys are found. */
export function findCgroups(controller: 'cpu' | 'memory', root = '/'): Cgroups | undefined {
  const version1 = memberships(root).find(({ controllers }) => controllers.includes(controller));
  return version1 === undefined ? unifiedCgroups(root) : foldersOf(version1, mountOf(root, controller), root);
}

/** The tree of version 2, whatever controllers it has: pressure is told there in any case. */
export function unifiedCgroups(root = '/'): Cgroups | undefined {
  const version2 = memberships(root).find(({ hierarchy }) => hierarchy === '0');
  return version2 && foldersOf(version2, mountOf(root, undefined), root);
}

/** What stands in a file of a group; undefined when it is not there. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

interface Membership {
  hierarchy: string;
  controllers: string[];
  group: string;
}

/** Lines `4:cpu,cpuacct:/a/b`; that of version 2 is `0::/a/b`. */
function memberships(root: string): Membership[] {
  return (readText(path.join(root, 'proc/self/cgroup')) ?? '').split('\n').flatMap((line) => {
    const [, hierarchy, controllers, group] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (hierarchy === undefined || controllers === undefined || group === undefined) return [];
    return [{ hierarchy, controllers: controllers.split(','), group }];
  });
}

interface Mount {
  at: string;
  /** The group that the mount shows as its root. */
  group: string;
}

/** From /proc/self/mountinfo (see proc_pid_mountinfo(5)); `controller` undefined: the tree of version 2. */
function mountOf(root: string, controller: string | undefined): Mount | undefined {
  for (const line of (readText(path.join(root, 'proc/self/mountinfo')) ?? '').split('\n')) {
    const [ours = '', theirs = ''] = line.split(' - ');
    const [, , , group, at] = ours.split(' ');
    const [type, , options = ''] = theirs.split(' ');
    const fits =
      controller === undefined
        ? type === 'cgroup2'
        : type === 'cgroup' && options.split(',').includes(controller);
    if (fits && group !== undefined && at !== undefined)
      return { at: unescaped(at), group: unescaped(group) };
  }
  return undefined;
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function foldersOf(
  { hierarchy, group }: Membership,
  mount: Mount | undefined,
  root: string,
): Cgroups | undefined {
  if (mount === undefined) return undefined;
  const top = path.join(root, mount.at);
  const below = group.startsWith(mount.group) ? group.slice(mount.group.length) : group;
  const own = path.join(top, below);
  const folders: string[] = [];
  if (!group.split('/').includes('..') && existsSync(own))
    for (let folder = own; folder.length > top.length; folder = path.dirname(folder)) folders.push(folder);
  return { version: hierarchy === '0' ? 2 : 1, folders: [...folders, top] };
}
