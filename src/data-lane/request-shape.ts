/** A request taken apart at the places that its texts stand at, as they are written there. */

export interface Parameter {
  name: string;
  value: string;
  /** Without `=`. */
  bare: boolean;
}

export interface RequestShape {
  origin: string;
  path: string[];
  /** Undefined: no `?`. */
  query: Parameter[] | undefined;
}

/** Throws TypeError when it is no address. The fragment never goes over the wire. */
export function shapeOf(url: string): RequestShape {
  const { origin, pathname, search, href } = new URL(url);
  const hasQuery = search !== '' || /^[^#]*\?/.test(href);
  return {
    origin,
    path: pathname.split('/').slice(1),
    query: hasQuery ? parametersOf(search.slice(1)) : undefined,
  };
}

/** Of a query without its `?`, or of a form. */
export function parametersOf(text: string): Parameter[] {
  if (text === '') return [];
  return text.split('&').map((pair) => {
    const at = pair.indexOf('=');
    return at === -1
      ? { name: pair, value: '', bare: true }
      : { name: pair.slice(0, at), value: pair.slice(at + 1), bare: false };
  });
}

export function writtenParameters(parameters: readonly Parameter[]): string {
  return parameters.map(({ name, value, bare }) => (bare ? name : `${name}=${value}`)).join('&');
}

export function writtenUrl({ origin, path, query }: RequestShape): string {
  const search = query === undefined ? '' : `?${writtenParameters(query)}`;
  return `${origin}/${path.join('/')}${search}`;
}
