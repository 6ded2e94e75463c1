/** What one batch learned of its target, kept where the next night finds it: `THRESH_HOME/targets/NAME/FILE`. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface TargetFile<Content> {
  /** Undefined where there is none, or none that can be read: the target is met anew. */
  read(): Promise<Content | undefined>;
  /** In one step. A disk that takes nothing loses it: the next one writes it again. */
  write(content: Content): Promise<void>;
}

export function createTargetFile<Content>(home: string, target: string, name: string): TargetFile<Content> {
  const file = path.join(home, 'targets', target, name);
  return {
    async read() {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      try {
        return text === undefined ? undefined : (JSON.parse(text) as Content);
      } catch {
        return undefined;
      }
    },
    async write(content) {
      const fresh = `${file}.${process.pid}.new`;
      try {
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(fresh, `${JSON.stringify(content)}\n`);
        await rename(fresh, file);
      } catch {
        // no room: what is learned next is written again
      }
    },
  };
}
