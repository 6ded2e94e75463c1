/**
 * Selectors of script elements: a tag, an id, classes and attributes of one element, so that they mean the same in a
 * page and in a document's text.
 */

export interface ScriptSelector {
  /** Whether an element with these attributes (names in lower case) is one of them. */
  matches(attributes: ReadonlyMap<string, string>): boolean;
}

type Test = (attributes: ReadonlyMap<string, string>) => boolean;

const PART =
  /^(?:#([\w-]+)|\.([\w-]+)|\[\s*([\w:.-]+)\s*(?:([~|^$*]?=)\s*(?:"([^"\\]*)"|'([^'\\]*)'|([\w-]+))\s*(i)?\s*)?\])/;

const COMPARE: Record<string, (value: string, wanted: string) => boolean> = {
  '=': (value, wanted) => value === wanted,
  '~=': (value, wanted) => wanted !== '' && value.split(/\s+/).includes(wanted),
  '|=': (value, wanted) => value === wanted || value.startsWith(`${wanted}-`),
  '^=': (value, wanted) => wanted !== '' && value.startsWith(wanted),
  '$=': (value, wanted) => wanted !== '' && value.endsWith(wanted),
  '*=': (value, wanted) => wanted !== '' && value.includes(wanted),
};

/** Undefined for what is not such a selector. */
export function parseScriptSelector(text: string): ScriptSelector | undefined {
  let rest = text.trim().replace(/^script(?![\w-])/i, '');
  const tests: Test[] = [];
  while (rest !== '') {
    const part = PART.exec(rest);
    if (part === null) return undefined;
    rest = rest.slice(part[0].length);
    tests.push(testOf(part));
  }
  return tests.length === 0
    ? undefined
    : { matches: (attributes) => tests.every((test) => test(attributes)) };
}

function testOf([, id, className, name = '', how, quoted, single, bare, anyCase]: RegExpExecArray): Test {
  if (id !== undefined) return (attributes) => attributes.get('id') === id;
  if (className !== undefined)
    return (attributes) => (attributes.get('class') ?? '').split(/\s+/).includes(className);
  const key = name.toLowerCase();
  const compare = how === undefined ? undefined : COMPARE[how];
  if (compare === undefined) return (attributes) => attributes.has(key);
  // As in HTML: the values of `type` are the same in either case.
  const folded = anyCase !== undefined || key === 'type';
  const fold = (value: string): string => (folded ? value.toLowerCase() : value);
  const wanted = fold(quoted ?? single ?? bare ?? '');
  return (attributes) => {
    const value = attributes.get(key);
    return value !== undefined && compare(fold(value), wanted);
  };
}
