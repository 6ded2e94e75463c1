// @ts-check
/** A reader that polls a place all the while, as a downstream job would, and never may see a part of a dataset. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** @typedef {import('./places.mjs').Place} Place */

/**
 * @param {Place} place
 * @param {() => number} nextLookMs asked after each look
 */
export function pollPlace(place, nextLookMs) {
  /** @type {Set<string>} */
  const problems = new Set();
  /** @type {Set<string>} */
  const batches = new Set();
  let looks = 0;
  const stop = new AbortController();
  const polling = (async () => {
    while (!stop.signal.aborted) {
      const batch = await look(place).catch((error) => void problems.add(`a reader: ${error.message}`));
      if (batch !== undefined) batches.add(batch);
      looks += 1;
      await delay(nextLookMs(), undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    /** Resolves with what was seen: how often it looked, the batches it found, and what it found wrong. */
    async stop() {
      stop.abort();
      await polling;
      return { looks, batches: [...batches], problems: [...problems] };
    },
  };
}

/**
 * The batch that stands there, all of it; undefined for none. Throws when there is a part of one.
 * @param {Place} place
 * @returns {Promise<string | undefined>}
 */
async function look(place) {
  const before = await place.read('_SUCCESS');
  if (before === undefined) {
    const listed = place.appearsWhole ? await place.names() : [];
    if (listed.length > 0 && !listed.includes('_SUCCESS') && (await place.names()).length > 0)
      throw new Error(`${listed} without _SUCCESS`);
    return undefined;
  }
  /** @type {{ batch: string, files: { name: string, sha256: string }[] }} */
  const { batch, files } = JSON.parse(before.toString());
  const listed = place.appearsWhole ? await place.names() : undefined;
  const wrong = [];
  for (const { name, sha256 } of files) {
    const body = await place.read(name);
    if (body === undefined) wrong.push(`${name} is missing`);
    else if (createHash('sha256').update(body).digest('hex') !== sha256) wrong.push(`${name} differs`);
  }
  const expected = [...files.map(({ name }) => name), '_SUCCESS'].sort().join(', ');
  if (listed !== undefined && listed.sort().join(', ') !== expected) wrong.push(`${listed} are listed`);
  const after = await place.read('_SUCCESS');
  if (after === undefined || !after.equals(before)) return look(place); // swapped while we looked
  if (wrong.length > 0) throw new Error(`${batch}: ${wrong.join(', ')}`);
  return batch;
}
