/**
 * What stands in an element, as fields: named texts, data attributes, links, pictures, times. Sent to the page as its own
 * source text, so it may refer to nothing outside itself.
 */
import type { FoundField, NamedBy } from './found.js';
import type { Naming } from './in-page-names.js';
import type { SelectorMaker } from './in-page-selectors.js';

export interface FactsOf {
  /** Where the selectors will be asked. */
  scope: Element | Document;
  root: Element;
  /** Selector of `root` from `scope`; undefined when they are the same. */
  prefix: string | undefined;
  /** Parts that are something else: other rows, navigation. */
  without: ReadonlySet<Element>;
  /** Only what `itemprop` names. */
  onlyItemprop: boolean;
  /** Links of a row lead to its own page; those of a page lead away. */
  isRow: boolean;
}

export interface FactFinder {
  /** In the order of the document, one a name, at most `most`. */
  factsOf(of: FactsOf, most: number): FoundField[];
}

export function createFactFinder(naming: Naming, selectors: SelectorMaker): FactFinder {
  const SKIPPED =
    /^(?:SCRIPT|STYLE|NOSCRIPT|TEMPLATE|BUTTON|INPUT|SELECT|TEXTAREA|LABEL|IFRAME|NAV|ASIDE|DIALOG|TH|DT|OBJECT|VIDEO|AUDIO|CANVAS)$/;
  const INLINE =
    /^(?:SPAN|B|I|EM|STRONG|SUP|SUB|SMALL|BR|FONT|A|MARK|BDI|BDO|U|S|WBR|ABBR|CITE|Q|CODE|DEL|INS)$/;
  const HEADING = /^H[1-6]$/;
  const RANK: Record<NamedBy, number> = { itemprop: 4, data: 3, class: 2, tag: 1, place: 0 };
  const MOST_ELEMENTS = 1_500;
  const DEEPEST = 60;
  const LONG_TEXT = 80;

  const fold = (text: string): string => text.replace(/\s+/g, ' ').trim();
  const says = (text: string): boolean => /[\p{L}\p{N}]/u.test(text);
  const directText = (element: Element): string => {
    let text = '';
    for (let child = element.firstChild; child; child = child.nextSibling)
      if (child.nodeType === Node.TEXT_NODE && text.length < 1_000) text += ` ${child.nodeValue ?? ''}`;
    return fold(text);
  };
  const wordsIn = (name: string): number => name.match(/[A-Z]/g)?.length ?? 0;
  const isNamed = (element: Element): boolean =>
    selectors.named(element).length > 0 || HEADING.test(element.tagName);

  const isLeaf = (element: Element): boolean => {
    const direct = directText(element);
    const whole = fold((element.textContent ?? '').slice(0, 4_000));
    if (!says(whole) || element.querySelector('time, table, ul, ol, article') !== null) return false;
    if (direct.length >= 40 && direct.length * 2 > whole.length) return true;
    if (!says(direct) && !isNamed(element)) return false;
    for (const inner of element.querySelectorAll('*'))
      if (!INLINE.test(inner.tagName) || (isNamed(inner) && says(inner.textContent ?? ''))) return false;
    return true;
  };

  const propOf = (element: Element): string | undefined => {
    const itemprop = element.getAttribute('itemprop')?.trim().split(/\s+/)[0];
    return itemprop === undefined
      ? undefined
      : naming.nameOf(itemprop.replace(/^.*[/#]/, ''), { whole: true });
  };

  /** Of an item within the row's item: its name is called after that item, its price is the price. */
  const itemNameOf = (element: Element, root: Element): string | undefined => {
    const own = propOf(element);
    const owner = element.parentElement?.closest('[itemscope]');
    if (own === undefined || !owner || owner === root || !root.contains(owner)) return own;
    const outer = propOf(owner);
    if (outer === undefined || !/^(?:name|url|image|description|title)$/.test(own)) return own;
    return own === 'name' ? outer : `${outer}${own.charAt(0).toUpperCase()}${own.slice(1)}`;
  };

  /** A name by the element itself, else by the next named one around it. */
  const nameOf = (element: Element, root: Element): { name: string; by: NamedBy } | undefined => {
    let steps = 0;
    for (let here: Element | null = element; here && here !== root && steps < 4; here = here.parentElement) {
      const byItem = itemNameOf(here, root);
      if (byItem !== undefined) return { name: byItem, by: 'itemprop' };
      const part = naming.partOf(here);
      const byPart = part === undefined ? undefined : naming.nameOf(part.value);
      if (byPart !== undefined) return { name: byPart, by: 'data' };
      const byClass = naming
        .classesOf(here)
        .map((token) => naming.nameOf(token))
        .filter((name) => name !== undefined)
        .sort((a, b) => wordsIn(a) - wordsIn(b))[0];
      if (byClass !== undefined) return { name: byClass, by: 'class' };
      if (HEADING.test(here.tagName)) return { name: 'title', by: 'tag' };
      steps += here === element ? 1 : 2;
    }
    return undefined;
  };

  const byColumn = (element: Element): string | undefined => {
    const cell = element.closest('td');
    const heads = cell?.closest('table')?.querySelectorAll('thead th, tr:first-child > th') ?? [];
    const head = cell === null ? undefined : heads[(cell as HTMLTableCellElement).cellIndex];
    return head === undefined
      ? undefined
      : naming.nameOf(fold(head.textContent ?? '').slice(0, 60), { whole: true });
  };

  const otherwise = (element: Element, text: string): { name: string; by: NamedBy } => {
    const column = byColumn(element);
    if (column !== undefined) return { name: column, by: 'tag' };
    if (/^\D{0,4}\p{Sc}\s?\d|^\d[\d.,\s]*\p{Sc}/u.test(text)) return { name: 'price', by: 'place' };
    if (element.tagName === 'P' && text.length > LONG_TEXT) return { name: 'description', by: 'place' };
    if (element.tagName === 'A' || element.closest('a') !== null) return { name: 'title', by: 'place' };
    return { name: 'text', by: 'place' };
  };

  const factsOf = (
    { scope, root, prefix, without, onlyItemprop, isRow }: FactsOf,
    most: number,
  ): FoundField[] => {
    const found: FoundField[] = [];
    const texts = new Map<string, { element: Element; field: FoundField }>();
    let looked = 0;

    const add = (element: Element, field: Omit<FoundField, 'select' | 'all'>): FoundField | undefined => {
      if (onlyItemprop && field.by !== 'itemprop') return undefined;
      const { attribute } = field;
      const select =
        element === root
          ? (prefix ?? '')
          : selectors.within(element, { scope, root, prefix, ...(attribute === null ? {} : { attribute }) });
      const made = { ...field, select, all: false };
      found.push(made);
      return made;
    };

    /** A second text by the same name beside the first makes a list of it; so does an item of a list. */
    const addText = (element: Element): void => {
      const text = fold((element.textContent ?? '').slice(0, 1_000));
      const { name, by } = nameOf(element, root) ?? otherwise(element, text);
      const first = texts.get(name);
      if (first !== undefined && first.field.by === by && addToList(first, element)) return;
      const kind = element.tagName === 'META' ? 'data' : 'text';
      const field = add(element, { name, by, attribute: null, kind });
      if (field === undefined || first !== undefined) return;
      texts.set(name, { element, field });
      if (element.tagName === 'LI' && by === 'class') makeList({ element, field });
    };

    const addToList = (first: { element: Element; field: FoundField }, element: Element): boolean => {
      if (first.field.by === 'place' && first.element.tagName !== 'LI') return false;
      if (!isSibling(first.element, element) || first.element.tagName !== element.tagName) return false;
      if (!first.field.all) makeList(first);
      return true;
    };

    const makeList = ({ element, field }: { element: Element; field: FoundField }): void => {
      const shared = selectors.named(element)[0];
      const list = element.parentElement;
      if (shared !== undefined) field.select = prefix === undefined ? shared : `${prefix} ${shared}`;
      else if (list !== null && list !== root)
        field.select = `${selectors.within(list, { scope, root, prefix })} > ${element.localName}`;
      else return;
      field.all = true;
      const plural = list === null ? [] : naming.classesOf(list).map((token) => naming.nameOf(token));
      field.name = plural.find((name) => name?.startsWith(field.name)) ?? field.name;
    };

    const isSibling = (one: Element, other: Element): boolean =>
      one.parentElement === other.parentElement ||
      one.parentElement?.parentElement === other.parentElement?.parentElement;

    /** 1999 beside "€19.99". */
    const isCentsOf = (value: string, element: Element): boolean => {
      const [, whole, cents] = /^(\d+)(\d\d)$/.exec(value) ?? [];
      if (whole === undefined) return false;
      const text = (element.textContent ?? '').slice(0, 1_000).replace(/(\d)[.,\s](?=\d{3}\D)/g, '$1');
      return text.includes(`${whole}.${cents}`) || text.includes(`${whole},${cents}`);
    };

    const addAttributes = (element: Element): void => {
      for (const { attribute, value } of naming.dataOf(element)) {
        const name = naming.nameOf(attribute.slice('data-'.length), { whole: true });
        const inCents = isCentsOf(value, element);
        if (name !== undefined)
          add(element, { name: inCents ? `${name}Cents` : name, by: 'data', attribute, kind: 'data' });
      }
      const given = nameOf(element, root);
      const { tagName } = element;
      if (tagName === 'TIME' && element.hasAttribute('datetime'))
        add(element, { ...(given ?? { name: 'date', by: 'tag' }), attribute: 'datetime', kind: 'time' });
      if (tagName === 'IMG') {
        const held = ['src', 'data-src', 'data-original', 'data-lazy-src'].find((name) =>
          /^(?!data:)\S/.test(element.getAttribute(name) ?? ''),
        );
        const name = given?.by === 'itemprop' ? given : { name: 'image', by: 'tag' as const };
        if (held !== undefined) add(element, { ...name, attribute: held, kind: 'image' });
      }
      const isLink = tagName === 'A' || tagName === 'LINK' || tagName === 'AREA';
      const href = element.getAttribute('href') ?? '';
      if (isLink && href !== '' && !/^(?:#|javascript:|mailto:|tel:|data:)/i.test(href.trim())) {
        if (element.hasAttribute('itemprop') && given !== undefined)
          add(element, {
            name: given.name === 'url' ? 'url' : `${given.name}Url`,
            by: 'itemprop',
            attribute: 'href',
            kind: 'link',
          });
        else if (isRow) add(element, { name: 'url', by: 'tag', attribute: 'href', kind: 'link' });
        const isCut = /(?:…|\.\.\.)$/.test(fold((element.textContent ?? '').slice(0, 1_000)));
        if (isRow && isCut && element.hasAttribute('title'))
          add(element, { name: 'title', by: 'data', attribute: 'title', kind: 'data' });
      }
      if (tagName === 'META' && element.hasAttribute('itemprop')) addText(element);
      if ((tagName === 'DATA' || tagName === 'METER') && element.hasAttribute('value') && given !== undefined)
        add(element, { ...given, attribute: 'value', kind: 'data' });
      else if (element.hasAttribute('itemprop') && element.hasAttribute('content') && tagName !== 'META')
        add(element, { ...(given ?? { name: 'content', by: 'place' }), attribute: 'content', kind: 'data' });
    };

    const walk = (element: Element, readsText: boolean, depth: number): void => {
      looked += 1;
      if (looked > MOST_ELEMENTS || depth > DEEPEST || found.length > most * 4) return;
      if (element !== root && (without.has(element) || SKIPPED.test(element.tagName))) return;
      if (element.getAttribute('aria-hidden') === 'true' || element.hasAttribute('hidden')) return;
      if (element.namespaceURI !== 'http://www.w3.org/1999/xhtml') return;
      if (
        onlyItemprop &&
        element !== root &&
        element.hasAttribute('itemscope') &&
        !element.hasAttribute('itemprop')
      )
        return;
      addAttributes(element);
      const leaf = readsText && element.tagName !== 'META' && isLeaf(element);
      if (leaf && element !== root && element.tagName !== 'TIME') addText(element);
      for (const child of element.children) walk(child, readsText && !leaf, depth + 1);
    };
    walk(root, true, 0);

    /** Of several by one name that named best is kept, then the first; of unnamed texts each. */
    const kept = new Map<string, FoundField>();
    for (const field of found) {
      const other = kept.get(field.name.toLowerCase());
      if (other === undefined) kept.set(field.name.toLowerCase(), field);
      else if (field.by === 'place' && other.by === 'place' && other.name === 'text') {
        for (let at = 2; at <= 5; at++) {
          if (kept.has(`text${at}`)) continue;
          kept.set(`text${at}`, { ...field, name: `text${at}` });
          break;
        }
      } else if (RANK[field.by] > RANK[other.by]) kept.set(field.name.toLowerCase(), field);
    }
    return [...kept.values()].slice(0, most);
  };

  return { factsOf };
}
