/**
 * The script elements in a document's text, as a browser's parser finds them before any script runs: not those in
 * comments, in attributes, nor in what is text and no markup (titles, styles, text areas).
 */

export interface ScriptElement {
  /** Names in lower case, values with their character references resolved. */
  attributes: ReadonlyMap<string, string>;
  text: string;
}

/** What begins here: a comment, or a tag. */
const BEGIN = /<(?:!--|\/?([a-z][^\s/>]*))/gi;
/** Tags whose content is no markup. */
const WITH_TEXT = /^(?:script|style|title|textarea|xmp|iframe|noembed|noframes|noscript|template)$/i;
/** One attribute, or the tag's end. Sticky: read on from where the last one ended. */
const ATTRIBUTE = /[\s/]*(?:(>)|([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?)/y;
const MAX_ATTRIBUTES = 100;
const MAX_SCRIPTS = 1_000;

const REFERENCES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#39': "'" };

/** The first thousand, in order. */
export function* scriptsOf(html: string): Generator<ScriptElement> {
  const begin = new RegExp(BEGIN);
  let found = 0;
  for (let match = begin.exec(html); match !== null && found < MAX_SCRIPTS; match = begin.exec(html)) {
    const [opening, name] = match;
    if (name === undefined) {
      const end = html.indexOf('-->', match.index + 2);
      if (end === -1) return;
      begin.lastIndex = end + 3;
      continue;
    }
    const from = match.index + opening.length;
    if (opening.startsWith('</') || !WITH_TEXT.test(name)) {
      const end = tagEnd(html, from);
      if (end === undefined) return;
      begin.lastIndex = end;
      continue;
    }
    const tag = attributesAt(html, from);
    if (tag === undefined) return;
    const isScript = name.toLowerCase() === 'script';
    const end = endOf(html, name, tag.end);
    begin.lastIndex = end;
    if (!isScript) continue;
    found += 1;
    yield { attributes: tag.attributes, text: html.slice(tag.end, end) };
  }
}

/** Behind the `>` of a tag: not one in the value of an attribute. Undefined: it is never closed. */
function tagEnd(html: string, from: number): number | undefined {
  for (let at = from; at < html.length; at++) {
    if (html[at] === '>') return at + 1;
    if (html[at] !== '=') continue;
    do at += 1;
    while (isSpace(html[at]));
    const quote = html[at];
    if (quote === '"' || quote === "'") {
      at = html.indexOf(quote, at + 1);
      if (at === -1) return undefined;
    } else {
      while (at < html.length && html[at] !== '>' && !isSpace(html[at])) at += 1;
      at -= 1;
    }
  }
  return undefined;
}

function isSpace(sign: string | undefined): boolean {
  return sign === ' ' || sign === '\n' || sign === '\t' || sign === '\r' || sign === '\f';
}

/** Where the content of an element ends whose content is no markup; the document's end where it is never closed. */
function endOf(html: string, name: string, from: number): number {
  const end = new RegExp(`</${name}(?=[\\s/>])`, 'gi');
  end.lastIndex = from;
  return end.exec(html)?.index ?? html.length;
}

/** Of a tag that ends; the first of two attributes with one name counts. */
function attributesAt(
  html: string,
  from: number,
): { attributes: Map<string, string>; end: number } | undefined {
  const attributes = new Map<string, string>();
  ATTRIBUTE.lastIndex = from;
  for (let count = 0; count < MAX_ATTRIBUTES; count++) {
    const match = ATTRIBUTE.exec(html);
    if (match === null) return undefined;
    const [, close, name = '', double, single, bare] = match;
    if (close !== undefined) return { attributes, end: ATTRIBUTE.lastIndex };
    const key = name.toLowerCase();
    if (!attributes.has(key)) attributes.set(key, resolved(double ?? single ?? bare ?? ''));
  }
  return undefined;
}

function resolved(value: string): string {
  return value.includes('&')
    ? value.replace(/&(amp|lt|gt|quot|apos|#39);/g, (_, name: string) => REFERENCES[name] ?? '')
    : value;
}
