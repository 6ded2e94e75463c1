// @ts-check
/** What Redis says of itself: memory, CPU, commands, and which keys take the room. */

/** @typedef {import('ioredis').Redis} Redis */

/**
 * @typedef {object} RedisLook
 * @property {number} memoryBytes `used_memory` without what the links to it and its log take
 * @property {number} cpuSeconds
 * @property {number} pid
 * @property {Map<string, { calls: number, micros: number }>} commands those within scripts too
 */

/** @param {Redis} client @returns {Promise<RedisLook>} */
export async function lookAtRedis(client) {
  const all = await client.info('all');
  const number = (/** @type {string} */ name) =>
    Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(all)?.[1] ?? 0);
  const overhead = ['mem_clients_normal', 'mem_aof_buffer', 'mem_clients_slaves', 'mem_replication_backlog'];
  const commands = new Map(
    [...all.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)].map(([, name, calls, micros]) => [
      name ?? '',
      { calls: Number(calls), micros: Number(micros) },
    ]),
  );
  return {
    memoryBytes: overhead.reduce((left, name) => left - number(name), number('used_memory')),
    cpuSeconds: number('used_cpu_user') + number('used_cpu_sys'),
    pid: number('process_id'),
    commands,
  };
}

/**
 * Keys of one kind together, the largest first: numbers and ids within a name are taken for one.
 * @param {Redis} client
 * @returns {Promise<{ kind: string, keys: number, bytes: number }[]>}
 */
export async function keysBySize(client) {
  /** @type {Map<string, { keys: number, bytes: number }>} */
  const kinds = new Map();
  for await (const found of /** @type {AsyncIterable<string[]>} */ (client.scanStream({ count: 2_000 }))) {
    if (found.length === 0) continue;
    const pipeline = client.pipeline();
    for (const key of found) pipeline.memory('USAGE', key, 'SAMPLES', '0');
    const sizes = (await pipeline.exec()) ?? [];
    for (const [at, key] of found.entries()) {
      const kind = kindOf(key);
      const sum = kinds.get(kind) ?? { keys: 0, bytes: 0 };
      kinds.set(kind, { keys: sum.keys + 1, bytes: sum.bytes + Number(sizes[at]?.[1] ?? 0) });
    }
  }
  return [...kinds].map(([kind, sum]) => ({ kind, ...sum })).sort((a, b) => b.bytes - a.bytes);
}

/** @param {string} key */
function kindOf(key) {
  return key
    .replace(/[a-z0-9-]+-\d{8}-[a-z0-9]{6}/, 'BATCH')
    .replace(/BATCH\.\d+/, 'BATCH.N')
    .replace(/:\d+$/, ':N');
}
