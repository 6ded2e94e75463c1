/**
 * One Swift for all test files of a run, each with a bucket of its own: its start costs more than most files do. It is
 * started when the first file asks for it.
 */
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startSmallServer } from './small-server.js';
import { type Swift, startSwift } from './swift.mjs';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with where Swift is, once it is there. */
    swiftAt: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<Swift> | undefined;

  async function start(): Promise<Swift> {
    return startSwift(await mkdtemp(path.join(os.tmpdir(), 'thresh-test-')));
  }

  const server = await startSmallServer((_, response) => {
    starting ??= start();
    starting.then(
      (swift) => response.end(JSON.stringify(swift)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  project.provide('swiftAt', server.url);
  return async () => {
    await server.stop();
    const swift = await starting?.catch(() => undefined); // it has told whoever asked, and stopped what it had started
    await swift?.stop();
  };
}
