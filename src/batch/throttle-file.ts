/** What was learned of a target's throttle, kept where the next night finds it: `THRESH_HOME/targets/NAME/throttle.json`. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LearnedThrottle } from '../throttle/throttle.js';

export interface ThrottleFile {
  /** Undefined where there is none, or none that can be read: the target is met anew. */
  read(): Promise<LearnedThrottle | undefined>;
  /** In one step. A disk that takes nothing loses it: the next one writes it again. */
  write(learned: LearnedThrottle): Promise<void>;
}

export function createThrottleFile(home: string, target: string): ThrottleFile {
  const file = path.join(home, 'targets', target, 'throttle.json');
  return {
    async read() {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      try {
        return text === undefined ? undefined : (JSON.parse(text) as LearnedThrottle);
      } catch {
        return undefined;
      }
    },
    async write(learned) {
      const fresh = `${file}.${process.pid}.new`;
      try {
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(fresh, `${JSON.stringify(learned)}\n`);
        await rename(fresh, file);
      } catch {
        // no room: what is learned next is written again
      }
    },
  };
}
