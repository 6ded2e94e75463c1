/** A real application to scrape: Verdaccio, an npm registry with a React interface, filled by npm's own protocol. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const require = createRequire(import.meta.url);

export interface Registry {
  url: string;
  stop(): Promise<void>;
}

export interface Package {
  name: string;
  version: string;
  description: string;
}

/** Everything it writes lies in `dir`. Resolves when it listens. */
export async function startVerdaccio(dir: string): Promise<Registry> {
  await mkdir(dir, { recursive: true });
  const config = path.join(dir, 'config.yaml');
  await writeFile(
    config,
    [
      `storage: ${path.join(dir, 'storage')}`,
      'packages:',
      "  '**':",
      '    access: $all',
      '    publish: $all',
      'security: { api: { legacy: true } }',
      'log: { type: stdout, format: json, level: http }',
      '',
    ].join('\n'),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    process.execPath,
    [require.resolve('verdaccio/bin/verdaccio'), '--config', config, '--listen', `127.0.0.1:${port}`],
    { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  await listening(child, url);
  return {
    url,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

/** A few at a time. */
export async function publishAll(registry: string, packages: readonly Package[]): Promise<void> {
  const left = [...packages];
  const publishNext = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await publish(registry, one);
  };
  await Promise.all(Array.from({ length: 6 }, publishNext));
}

/** What `npm publish` sends. Throws with the registry's answer when it refuses. */
export async function publish(registry: string, { name, version, description }: Package): Promise<void> {
  const text = JSON.stringify({ name, version, description });
  const tarball = gzipSync(tarOf('package/package.json', text));
  const file = `${name}-${version}.tgz`;
  const dist = {
    tarball: `${registry}/${name}/-/${file}`,
    shasum: createHash('sha1').update(tarball).digest('hex'),
    integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
  };
  const answer = await fetch(`${registry}/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      _id: name,
      name,
      description,
      'dist-tags': { latest: version },
      versions: {
        [version]: { _id: `${name}@${version}`, name, version, description, dist, readme: `# ${name}` },
      },
      readme: `# ${name}`,
      _attachments: {
        [file]: {
          content_type: 'application/octet-stream',
          data: tarball.toString('base64'),
          length: tarball.length,
        },
      },
    }),
  });
  if (!answer.ok) throw new Error(`${name} was not published: ${answer.status} ${await answer.text()}`);
}

/** A tar of one file. */
function tarOf(name: string, text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write('0000644\x000000000\x000000000\0', 100);
  head.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('00000000000\0', 136);
  head.write('        0', 148);
  head.write('ustar\x0000', 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
  return Buffer.concat([head, body, padding, Buffer.alloc(1024)]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function listening(child: ChildProcess, url: string): Promise<void> {
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk;
      if (said.includes(`http address`) && said.includes(url.slice('http://'.length))) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('close', (code) => reject(new Error(`verdaccio ended with ${code}:\n${said}`)));
  });
}
