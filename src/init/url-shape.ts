/** What the URLs of pages of one kind have in common, as a RegExp for `include` and a selector for `follow`. */

export interface UrlShape {
  origin: string;
  /** Segments of the path; null where they differ. */
  segments: (string | null)[];
  /** What follows the last of the differing segments, when it is the last: `.html`, or nothing. */
  ending: string;
  /** Names of query parameters, sorted. */
  params: string[];
}

/** Fewer alike, the page itself among them, are taken for chance. */
const LEAST_ALIKE = 3;
const MOST_SEGMENTS = 8;

/** The narrowest shape of this URL that enough of the others share; undefined when none does. */
export function shapeAmong(url: string, others: readonly string[]): UrlShape | undefined {
  for (const shape of shapesOf(url)) {
    const alike = new Set(others.filter((other) => isOfShape(other, shape)));
    alike.add(url);
    if (alike.size >= LEAST_ALIKE) return shape;
  }
  return undefined;
}

/** Of many URLs the shape that most share. */
export function commonShape(urls: readonly string[]): UrlShape | undefined {
  const families = new Map<string, string[]>();
  for (const url of urls) {
    if (!URL.canParse(url)) continue;
    const { origin, segments, params } = partsOf(url);
    const family = `${origin} ${segments.length} ${segments.length > 1 ? segments[0] : ''} ${params.join('&')}`;
    families.set(family, [...(families.get(family) ?? []), url].slice(0, 2_000));
  }
  const [largest = []] = [...families.values()].sort((a, b) => b.length - a.length);
  const [first] = largest;
  return first === undefined ? undefined : shapeAmong(first, largest);
}

export function isOfShape(url: string, { origin, segments, ending, params }: UrlShape): boolean {
  if (!URL.canParse(url)) return false;
  const parts = partsOf(url);
  if (parts.origin !== origin || parts.segments.length !== segments.length) return false;
  if (parts.params.join('&') !== params.join('&')) return false;
  return segments.every((segment, at) => {
    const here = parts.segments[at] ?? '';
    if (segment !== null) return here === segment;
    return here !== '' && (at < segments.length - 1 || here.endsWith(ending));
  });
}

/** Source of a RegExp that matches the URLs of the shape. */
export function shapePattern({ origin, segments, ending, params }: UrlShape): string {
  const path = segments
    .map((segment, at) =>
      segment !== null
        ? escapePattern(segment)
        : `[^/?#]+${at === segments.length - 1 ? escapePattern(ending) : ''}`,
    )
    .join('/');
  const query =
    params.length === 0 ? '$' : params.map((name) => `(?=[^#]*[?&]${escapePattern(name)}=)`).join('');
  return `^${escapePattern(origin)}/${path}${query}`;
}

/** How people write it: `/p/…`. */
export function shapeText({ segments, ending, params }: UrlShape): string {
  const path = segments
    .map((segment, at) => segment ?? `…${at === segments.length - 1 ? ending : ''}`)
    .join('/');
  return `/${path}${params.length === 0 ? '' : `?${params.map((name) => `${name}=…`).join('&')}`}`;
}

/** Part of the `href` of links of the shape; undefined when nothing tells them from others. */
export function hrefPart({ segments, params }: UrlShape): string | undefined {
  const until = segments.indexOf(null);
  const before = segments.slice(0, until < 0 ? segments.length : until);
  if (params.length > 0) return `${segments.at(-1) ?? ''}?`;
  return until < 0 || before.length === 0 ? undefined : `${before.at(-1) ?? ''}/`;
}

/** The narrowest first: the query alone, one segment from the last on, two. */
function shapesOf(url: string): UrlShape[] {
  const { origin, segments, params } = partsOf(url);
  if (segments.length > MOST_SEGMENTS) return [];
  const shape = (...differing: number[]): UrlShape => ({
    origin,
    segments: segments.map((segment, at) => (differing.includes(at) ? null : segment)),
    ending: differing.includes(segments.length - 1) ? endingOf(segments.at(-1) ?? '') : '',
    params,
  });
  const places = segments.map((_, at) => at).reverse();
  const isBare = segments.length === 1 && endingOf(segments[0] ?? '') === '' && params.length === 0;
  return [
    ...(params.length > 0 ? [shape()] : []),
    ...(isBare || segments[0] === '' ? [] : places.map((at) => shape(at))),
    ...places.flatMap((at) =>
      places.filter((other) => other < at && segments.length > 2).map((other) => shape(at, other)),
    ),
  ];
}

function partsOf(url: string): { origin: string; segments: string[]; params: string[] } {
  const { origin, pathname, searchParams } = new URL(url);
  return { origin, segments: pathname.slice(1).split('/'), params: [...new Set(searchParams.keys())].sort() };
}

function endingOf(segment: string): string {
  return /\.[a-z]{2,5}$/i.exec(segment)?.[0] ?? '';
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
