/**
 * Which of a page's class names and attributes a person wrote to say what an element is, and what to call a column after
 * them. Sent to the page as its own source text, so it may refer to nothing outside itself.
 */

export interface Naming {
  /** Not made by a build tool, and not one of the words that only say how a thing looks. */
  isStable(token: string): boolean;
  /** The stable class names of an element. */
  classesOf(element: Element): string[];
  /** Its attribute whose value is the name of a part, as tests and specifications have them. */
  partOf(element: Element): { attribute: string; value: string } | undefined;
  /** Its `data-*` attributes that hold data. */
  dataOf(element: Element): { attribute: string; value: string }[];
  /** `product-card__old-price` is `oldPrice`; undefined for what says nothing. At most 40 letters and digits. */
  nameOf(token: string, options?: { whole?: boolean }): string | undefined;
}

export function createNaming(): Naming {
  const BUILT = /^(?:css|sc|jsx|jss|svelte|styled|emotion|tw|chakra|mui|ng|v|ember|astro|react|wp)-/i;
  const LOOKS =
    /^(?:[mp][trblxy]?|w|h|d|u|g|gap|grid|flex|col|cols|text|font|bg|border|rounded|shadow|items|justify|self|leading|tracking|space|min|max|overflow|whitespace|align|is|has|js|no|sr|animate|transition|cursor|aspect|sm|md|lg|xl|xs)-/;
  const LOOK_WORDS = new Set(
    `active align block bold btn button center clearfix closed col cols column columns container current even first
     flex float focus grid hidden inline italic last lazy lazyload lazyloaded left loaded odd open relative right row rows
     rounded selected shadow border outline ring antialiased static sticky truncate underline uppercase visible wrapper`.split(
      /\s+/,
    ),
  );
  const SAYS_NOTHING = new Set(
    `area body box content contents cell details data element facts field group holder inner item line link list main meta
     middle outer part section span text value wrap wrapper info label block container col row left right top bottom card
     tile entry node root unit amount url href fn img title-wrapper td th tr div p a li ul ol dd small sup b i em strong`.split(
      /\s+/,
    ),
  );
  /** Said of the row by each of its parts: `product-title` is a title. */
  const OF_ROW = new Set(
    `product card item listing tile entry article result post js thumb teaser block grid list woocommerce wc shopify`.split(
      ' ',
    ),
  );
  const PARTS =
    /^data-(?:test|testid|test-id|qa|qa-id|cy|e2e|automation|automation-id|hook|field|prop|property|spec|part|slot|column|col|element|attr)$/;
  const NO_DATA =
    /^data-(?:v-|react|ng-|bs-|gtm|ga-|track|analytics|toggle|target|dismiss|ssr|hydrat|src|srcset|original|lazy|bg|action|controller|turbo|aos|role|theme|loading|state|index|position|page$|style|css|sizes|n-head|radix|headlessui|wf-|elementor|nosnippet)/;

  const vowelless = (part: string): boolean => part.length >= 5 && !/[aeiouy]/i.test(part);
  const jumbled = (part: string): boolean => {
    const flips = part.match(/[a-z][A-Z]/g)?.length ?? 0;
    return (
      (part.length >= 5 && flips / part.length > 0.25) ||
      /[bcdfghjklmnpqrstvwxz]{6,}|[A-Z]{2}[a-z]+[A-Z]/.test(part)
    );
  };

  const isStable = (token: string): boolean =>
    token.length <= 40 &&
    /^[A-Za-z][A-Za-z_-]*[A-Za-z]\d?$/.test(token) &&
    !BUILT.test(token) &&
    !LOOKS.test(token) &&
    !LOOK_WORDS.has(token.toLowerCase()) &&
    !token.split(/[-_]+/).some((part) => vowelless(part) || jumbled(part));

  const wordsOf = (token: string): string[] =>
    token
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/ß/g, 'ss')
      .replace(/([a-z\d])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(/[^a-z\d]+/)
      .filter((word) => word !== '');

  const partOf: Naming['partOf'] = (element) => {
    for (const { name, value } of element.attributes)
      if (PARTS.test(name) && /^[A-Za-z][A-Za-z._:-]{0,39}$/.test(value)) return { attribute: name, value };
    const isLine = element.tagName === 'TR' && element.querySelector('th') !== null;
    if (!isLine) return undefined;
    for (const { name, value } of element.attributes)
      if (/^data-[a-z-]+$/.test(name) && /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,39}$/u.test(value))
        return { attribute: name, value };
    return undefined;
  };

  return {
    isStable,
    partOf,
    classesOf(element) {
      return [...element.classList].slice(0, 12).filter(isStable);
    },
    dataOf(element) {
      const part = partOf(element)?.attribute;
      const data: { attribute: string; value: string }[] = [];
      for (const { name, value } of element.attributes) {
        if (!/^data-[a-z][a-z-]*[a-z]$/.test(name) || PARTS.test(name) || NO_DATA.test(name)) continue;
        if (name === part) continue;
        if (value.trim() === '' || value.length > 200 || /^[[{]/.test(value.trim())) continue;
        data.push({ attribute: name, value });
        if (data.length === 12) break;
      }
      return data;
    },
    nameOf(token, { whole = false } = {}) {
      const last = whole ? token : (token.split('__').at(-1) ?? token);
      let words = wordsOf(last.slice(0, 80));
      while (!whole && words.length > 1 && OF_ROW.has(words[0] ?? '')) words = words.slice(1);
      while (/^\d/.test(words[0] ?? '')) words.shift();
      const name = words
        .slice(0, 6)
        .map((word, at) => (at === 0 ? word : word[0]?.toUpperCase() + word.slice(1)))
        .join('')
        .slice(0, 40);
      if (name === '' || (!whole && SAYS_NOTHING.has(name)) || name in Object.prototype) return undefined;
      return name;
    },
  };
}
