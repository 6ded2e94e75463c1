/**
 * What Nuxt 3 hands over: a list in which every value stands once and objects and lists name the places of theirs
 * (the `devalue` format). Read into plain JSON: dates are ISO texts, big numbers texts, sets and maps lists, and what
 * Vue wraps is what is in it.
 */

/** Places that stand for what JSON cannot say. */
const NOT_A_PLACE: Record<number, unknown> = {
  [-1]: undefined,
  [-2]: undefined,
  [-3]: null,
  [-4]: null,
  [-5]: null,
  [-6]: 0,
};
/** Each takes a call of ours. */
const DEEPEST = 500;

/** Throws SyntaxError for a list that is none of these. */
export function readNuxtPayload(places: readonly unknown[]): unknown {
  const read = new Map<number, unknown>();

  function at(place: unknown, depth: number): unknown {
    if (typeof place !== 'number' || depth > DEEPEST) throw new SyntaxError('no payload of Nuxt');
    if (place < 0) return NOT_A_PLACE[place];
    if (read.has(place)) return read.get(place);
    if (!(place in places)) throw new SyntaxError('no payload of Nuxt');
    const value = places[place];
    if (typeof value !== 'object' || value === null) return value;
    if (!Array.isArray(value)) return objectOf(place, Object.entries(value), depth);
    if (typeof value[0] === 'string') return ofKind(place, value, depth);
    const list: unknown[] = [];
    read.set(place, list);
    for (const inner of value) list.push(at(inner, depth + 1));
    return list;
  }

  function objectOf(place: number, entries: readonly [string, unknown][], depth: number): unknown {
    const object: Record<string, unknown> = {};
    read.set(place, object);
    for (const [name, inner] of entries) if (name !== '__proto__') object[name] = at(inner, depth + 1);
    return object;
  }

  function ofKind(place: number, [kind, ...rest]: readonly unknown[], depth: number): unknown {
    if (kind === 'Date' || kind === 'BigInt') return String(rest[0]);
    if (kind === 'Object' || kind === 'RegExp') return rest[0];
    if (kind === 'null') {
      const entries = pairs(rest).map(([name, inner]): [string, unknown] => [String(name), inner]);
      return objectOf(place, entries, depth);
    }
    if (kind === 'Set') return rest.map((inner) => at(inner, depth + 1));
    if (kind === 'Map') return pairs(rest).map((pair) => pair.map((inner) => at(inner, depth + 1)));
    return at(rest[0], depth + 1);
  }

  return at(0, 0);
}

function pairs(list: readonly unknown[]): [unknown, unknown][] {
  const found: [unknown, unknown][] = [];
  for (let at = 0; at + 1 < list.length; at += 2) found.push([list[at], list[at + 1]]);
  return found;
}
