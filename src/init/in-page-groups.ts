/**
 * Repeated elements that may be rows: of one shape, each with a link, a picture, a price or several texts. Sent to the
 * page as its own source text, so it may refer to nothing outside itself.
 */
import type { Naming } from './in-page-names.js';

export interface Group {
  members: Element[];
  /** Texts, links and pictures of a member, on the average. */
  richness: number;
}

export function findGroups(naming: Naming, mostElements: number): Group[] {
  const ASIDE =
    'nav, aside, footer, header, dialog, [role="navigation"], [role="contentinfo"], [role="banner"], [aria-hidden="true"]';
  const NO_ROW =
    /^(?:HTML|HEAD|BODY|MAIN|SCRIPT|STYLE|LINK|META|TEMPLATE|OPTION|BR|HR|IMG|PATH|G|USE|SVG|SOURCE|TBODY|THEAD|TD|TH|BUTTON|INPUT)$/i;
  const LEAST = 3;
  const MOST_MEMBERS = 500;

  const richnessOf = (element: Element): number => {
    let rich = 0;
    let looked = 0;
    for (const inner of element.querySelectorAll('*')) {
      looked += 1;
      if (looked > 200) break;
      if (inner.tagName === 'A' || inner.tagName === 'IMG' || inner.tagName === 'TIME') rich += 1;
      for (let child = inner.firstChild; child; child = child.nextSibling)
        if (child.nodeType === Node.TEXT_NODE && /[\p{L}\p{N}]/u.test(child.nodeValue ?? '')) {
          rich += 1;
          break;
        }
    }
    return rich;
  };
  const mayBeRow = (element: Element): boolean => {
    if (element.tagName === 'TR') return element.querySelectorAll('td').length >= 3;
    const text = (element.textContent ?? '').slice(0, 20_000);
    if (!/[\p{L}\p{N}]/u.test(text)) return false;
    return (
      element.querySelector('a[href], img, time, data') !== null || /\p{Sc}\s?\d|\d\s?\p{Sc}/u.test(text)
    );
  };

  const buckets = new Map<string, Element[]>();
  const places = new Map<Element, number>();
  const put = (key: string, element: Element): void => {
    const bucket = buckets.get(key) ?? [];
    if (bucket.length < MOST_MEMBERS) bucket.push(element);
    buckets.set(key, bucket);
  };
  let looked = 0;
  for (const element of document.body?.querySelectorAll('*') ?? []) {
    looked += 1;
    if (looked > mostElements) break;
    const parent = element.parentElement;
    if (parent === null || NO_ROW.test(element.tagName) || parent.childElementCount > 5_000) continue;
    const classes = naming.classesOf(element);
    const item = element.getAttribute('itemtype');
    for (const name of classes) put(`${element.tagName}.${name}`, element);
    const data = naming.dataOf(element)[0];
    if (data !== undefined) put(`${element.tagName}[${data.attribute}]`, element);
    if (item !== null) put(`${element.tagName} ${item}`, element);
    if (parent.childElementCount >= LEAST) {
      const place = places.get(parent) ?? places.size;
      places.set(parent, place);
      put(`${place} > ${element.tagName}`, element);
    }
  }

  const groups: Group[] = [];
  for (const all of buckets.values()) {
    if (all.length < LEAST) continue;
    const outer = new Set(all);
    const members = all.filter(
      (one) => one.closest(ASIDE) === null && !hasAbove(one, outer) && mayBeRow(one),
    );
    if (members.length < LEAST || members.length < all.length * 0.6) continue;
    const some = members.slice(0, 12);
    const richness = some.reduce((sum, one) => sum + richnessOf(one), 0) / some.length;
    if (richness >= 2) groups.push({ members, richness });
  }
  return groups;

  function hasAbove(element: Element, others: ReadonlySet<Element>): boolean {
    for (let above = element.parentElement; above; above = above.parentElement)
      if (others.has(above)) return true;
    return false;
  }
}
