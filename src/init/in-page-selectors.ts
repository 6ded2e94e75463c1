/**
 * Selectors by what a page's authors named: `itemprop`, `data-*`, classes that mean something; by place only where there
 * is nothing else. Sent to the page as its own source text, so it may refer to nothing outside itself.
 */
import type { Naming } from './in-page-names.js';

export interface Within {
  /** Where the selector will be asked: a row's element, or the document. */
  scope: Element | Document;
  /** What is above it in any case; parts are named by their ancestors below. */
  root: Element;
  /** Selector of `root` from `scope`; undefined when they are the same. */
  prefix: string | undefined;
  /** The element is wanted for this attribute of it. */
  attribute?: string;
}

export interface SelectorMaker {
  /** Finds this element first of all in the scope. */
  within(element: Element, where: Within): string;
  /** Finds these elements and, as far as that can be had, no others in the document. */
  ofAll(elements: readonly Element[]): string;
  /** By which all elements of the kind are found: `[itemprop="x"]`, `.tag`; best first. */
  named(element: Element): string[];
}

export function createSelectorMaker(naming: Naming): SelectorMaker {
  const quoted = (value: string): string =>
    `"${value.replace(/["\\\p{Cc}]/gu, (one) => `\\${one.charCodeAt(0).toString(16)} `)}"`;
  const tagOf = (element: Element): string => CSS.escape(element.localName);

  const named = (element: Element): string[] => {
    const selectors: string[] = [];
    const itemprop = element.getAttribute('itemprop');
    if (itemprop !== null && /^[\w:/.#-]{1,80}$/.test(itemprop))
      selectors.push(`[itemprop=${quoted(itemprop)}]`);
    const part = naming.partOf(element);
    if (part !== undefined) selectors.push(`[${part.attribute}=${quoted(part.value)}]`);
    for (const name of naming.classesOf(element).slice(0, 4)) selectors.push(`.${CSS.escape(name)}`);
    return selectors;
  };

  const nth = (element: Element): string => {
    let place = 1;
    for (let before = element.previousElementSibling; before; before = before.previousElementSibling)
      if (before.localName === element.localName) place += 1;
    return `${tagOf(element)}:nth-of-type(${place})`;
  };

  const pathFrom = (root: Element, element: Element): string => {
    const steps: string[] = [];
    for (let here: Element | null = element; here && here !== root; here = here.parentElement)
      steps.unshift(nth(here));
    return steps.join(' > ');
  };

  const simpleOf = (element: Element, attribute: string | undefined): string[] => {
    const own = named(element);
    const tag = tagOf(element);
    const held =
      attribute === undefined
        ? []
        : attribute.startsWith('data-')
          ? [`[${attribute}]`]
          : [`${tag}[${attribute}]`];
    return [...own, ...held, ...own.map((one) => `${tag}${one}`), tag];
  };

  const within = (element: Element, { scope, root, prefix, attribute }: Within): string => {
    const isFirst = (selector: string): boolean => scope.querySelector(selector) === element;
    const isOnly = (selector: string): boolean =>
      isFirst(selector) && scope.querySelectorAll(selector).length === 1;
    const simple = simpleOf(element, attribute);
    const plain = simple.find(isOnly);
    if (plain !== undefined) return plain;
    if (prefix !== undefined) {
      const below = simple.map((one) => `${prefix} ${one}`).find(isOnly);
      if (below !== undefined) return below;
    }
    let steps = 0;
    for (
      let above = element.parentElement;
      above && above !== root && steps < 4;
      above = above.parentElement
    ) {
      steps += 1;
      for (const outer of named(above)) {
        const both = simple.map((one) => `${outer} ${one}`).find(isOnly);
        if (both !== undefined) return both;
      }
    }
    const first = named(element).find(isFirst);
    if (first !== undefined) return first;
    if (attribute !== undefined) {
      const outers =
        element.parentElement === null || element.parentElement === root ? [] : named(element.parentElement);
      const inner = outers
        .flatMap((outer) => [
          `${outer} ${tagOf(element)}`,
          `${prefix ?? ''} ${outer} ${tagOf(element)}`.trim(),
        ])
        .find(isFirst);
      if (inner !== undefined) return inner;
    }
    return `${prefix ?? ':scope'} > ${pathFrom(root, element)}`;
  };

  const ofAll = (elements: readonly Element[]): string => {
    const [first] = elements;
    if (first === undefined) return 'body';
    const all = new Set(elements);
    const tag = tagOf(first);
    const matchesAll = (selector: string): boolean => elements.every((one) => one.matches(selector));
    const isExact = (selector: string): boolean => {
      const found = document.querySelectorAll(selector);
      return found.length === all.size && [...found].every((one) => all.has(one));
    };
    const type = first.getAttribute('itemtype');
    const byType = type === null ? [] : [`[itemscope][itemtype=${quoted(type)}]`];
    const byClass = naming.classesOf(first).map((name) => `.${CSS.escape(name)}`);
    const byData = naming.dataOf(first).map(({ attribute }) => `[${attribute}]`);
    const part = naming.partOf(first);
    const byPart = part === undefined ? [] : [`[${part.attribute}=${quoted(part.value)}]`];
    const common = [...byType, ...byPart, ...byData, ...byClass].filter(matchesAll);
    const choices = [
      ...common.flatMap((one) => [one, `${tag}${one}`]),
      ...byClass.flatMap((one) => byData.map((other) => `${one}${other}`)).filter(matchesAll),
    ];
    const exact = choices.find(isExact);
    if (exact !== undefined) return exact;
    const parent = first.parentElement;
    if (parent !== null && elements.every((one) => one.parentElement === parent)) {
      const inner = [...common, tag];
      for (
        let above: Element | null = parent, steps = 0;
        above && steps < 4;
        above = above.parentElement, steps += 1
      ) {
        const between = above === parent ? ' > ' : ' ';
        const outers = [
          ...named(above),
          ...(above.id !== '' && naming.isStable(above.id) ? [`#${CSS.escape(above.id)}`] : []),
        ];
        for (const outer of outers) {
          const both = inner.map((one) => `${outer}${between}${one}`).find(isExact);
          if (both !== undefined) return both;
        }
      }
      if (common[0] === undefined)
        return `body > ${pathFrom(document.body, parent)} > ${tag}`.replace(/> +>/, '>');
    }
    return common[0] ?? tag;
  };

  return { within, ofAll, named };
}
