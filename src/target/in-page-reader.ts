/**
 * Reads fields inside the page. `createPageReader` is sent to the page as its own source text, so it may refer to
 * nothing outside itself. Each value is read as follows; what is not there is undefined, so that the schema can say so.
 *
 *   text     without scripts and styles, white space folded, a space where a block or a line break parts two words;
 *            of a form control its value, of a `meta` its content
 *   number   the first number of the text, read by the page's language where "1.234" could be two numbers;
 *            undefined without a digit
 *   date     ISO text for Node to revive; what is no date stays text, so that the schema refuses it
 *   json     parsed; what cannot be parsed stays text, for the same reason
 */
import type { FieldReading } from './field-spec.js';

export interface PageReader {
  /** One record of an element's fields. */
  record(root: Element | Document, fields: Record<string, FieldReading>): Record<string, unknown>;
  /** One field of an element. */
  field(root: Element | Document, reading: FieldReading): unknown;
  /** The selectors among these that the browser cannot parse. */
  unparsable(selectors: string[]): string[];
}

export function createPageReader(): PageReader {
  const BLOCKS =
    /^(?:ADDRESS|ARTICLE|ASIDE|BLOCKQUOTE|BR|DD|DIV|DL|DT|FIGCAPTION|FIGURE|FOOTER|FORM|H[1-6]|HEADER|HR|LI|MAIN|NAV|OL|OPTION|P|PRE|SECTION|TABLE|TBODY|TD|TFOOT|TH|THEAD|TR|UL)$/;
  const UNSEEN = /^(?:SCRIPT|STYLE|TEMPLATE|NOSCRIPT)$/;

  const fold = (text: string): string => text.replace(/\s+/g, ' ').trim();

  const textOf = (element: Element): string => {
    if (
      element instanceof HTMLInputElement ||
      element instanceof HTMLTextAreaElement ||
      element instanceof HTMLSelectElement
    ) {
      return element.value;
    }
    if (element instanceof HTMLMetaElement) return element.content;
    if (UNSEEN.test(element.tagName)) return element.textContent ?? '';
    const parts: string[] = [];
    const walk = (node: Node): void => {
      for (let child = node.firstChild; child; child = child.nextSibling) {
        if (child.nodeType === Node.TEXT_NODE) parts.push(child.nodeValue ?? '');
        if (!(child instanceof Element) || UNSEEN.test(child.tagName)) continue;
        const parted = BLOCKS.test(child.tagName);
        if (parted) parts.push(' ');
        walk(child);
        if (parted) parts.push(' ');
      }
    };
    walk(element);
    return parts.join('');
  };

  /** How the page's language writes 1234.5; English when it does not say or says nonsense. */
  const separatorsOf = (element: Element): { decimal: string; spaced: boolean } => {
    const language = element.closest('[lang]')?.getAttribute('lang');
    try {
      if (!language) return { decimal: '.', spaced: true };
      const written = new Intl.NumberFormat(language, {
        useGrouping: 'always',
      } as unknown as Intl.NumberFormatOptions);
      const parts = written.formatToParts(12345.5);
      const group = parts.find((part) => part.type === 'group')?.value ?? ',';
      return {
        decimal: parts.find((part) => part.type === 'decimal')?.value === ',' ? ',' : '.',
        spaced: /\s/.test(group),
      };
    } catch {
      return { decimal: '.', spaced: true };
    }
  };

  const numberOf = (raw: string, element: Element, isAttribute: boolean): number | undefined => {
    const text = raw
      .replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
      .replace(/[\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0))
      .replace(/[\uff10-\uff19]/g, (digit) => String(digit.charCodeAt(0) - 0xff10))
      .replace(/\u066b/g, ',')
      .replace(/[\u2212\u2012\u2013]/g, '-')
      .trim();
    // An attribute holds a number as programs write it, whatever the page's language.
    if (isAttribute && /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text)) return Number(text);
    const { decimal, spaced } = separatorsOf(element);
    const space = spaced ? "[\\s'’٬]" : "[\\u00a0\\u202f\\u2009'’٬]";
    const number = new RegExp(`\\d{1,3}(?:${space}\\d{3})+(?!\\d)(?:[.,]\\d+)?|\\d+(?:[.,]\\d+)*|[.,]\\d+`);
    const found = number.exec(text);
    if (!found) return undefined;
    const digits = found[0].replace(/[\s'’٬]/g, '');
    const marks = digits.match(/[.,]/g) ?? [];
    const last = marks.at(-1);
    const lastAt = last ? digits.lastIndexOf(last) : -1;
    const after = digits.length - lastAt - 1;
    const spacedGroups = digits.length < found[0].length;
    let isDecimal = last !== undefined;
    if (marks.length > 1 && marks.every((mark) => mark === last)) isDecimal = false;
    else if (marks.length === 1 && !spacedGroups && after === 3 && /^[1-9]\d{0,2}[.,]/.test(digits))
      isDecimal = last === decimal;
    const whole = (isDecimal ? digits.slice(0, lastAt) : digits).replace(/[.,]/g, '');
    const value = Number(`${whole || '0'}${isDecimal ? `.${digits.slice(lastAt + 1)}` : ''}`);
    const before = text.slice(0, found.index);
    // A hyphen after a letter or digit joins words ("SKU-5"); with only a currency sign between, it is a minus.
    return /(?:^|[^\p{L}\p{N}])-\s*\p{Sc}?\s*$/u.test(before) ? -value : value;
  };

  const booleanOf = (raw: string): boolean | string | undefined => {
    const text = fold(raw).toLowerCase();
    if (/^(?:true|yes|y|1|on)$/.test(text)) return true;
    if (/^(?:false|no|n|0|off)$/.test(text)) return false;
    return text === '' ? undefined : fold(raw);
  };

  const dateOf = (raw: string, element: Element): string | undefined => {
    const text = fold(raw);
    if (text === '') return undefined;
    const iso = (time: number): string => (Number.isNaN(time) ? text : new Date(time).toISOString());
    const utc = (year: string, month: string, day: string): string => {
      const time = Date.UTC(Number(year), Number(month) - 1, Number(day));
      const back = new Date(time);
      return back.getUTCMonth() === Number(month) - 1 && back.getUTCDate() === Number(day) ? iso(time) : text;
    };
    if (/^\d{10}$/.test(text)) return iso(Number(text) * 1000);
    if (/^\d{13}$/.test(text)) return iso(Number(text));
    const parts = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4})$/.exec(text);
    if (parts) {
      const [, first = '', mark = '', second = '', year = ''] = parts;
      const language = element.closest('[lang]')?.getAttribute('lang') ?? 'en-US';
      // Dots are written day first everywhere; slashes are month first in American English only.
      const monthFirst = mark !== '.' && /^en(?:-us)?$/i.test(language);
      return monthFirst ? utc(year, first, second) : utc(year, second, first);
    }
    const time = Date.parse(text);
    if (Number.isNaN(time) || !/\d{4}/.test(text)) return text;
    // A day in words has no zone: taken as UTC, like an ISO day, so that it does not depend on the machine.
    const local = new Date(time);
    return /:|^\d{4}-/.test(text)
      ? iso(time)
      : iso(Date.UTC(local.getFullYear(), local.getMonth(), local.getDate()));
  };

  const urlOf = (element: Element, attribute: string | undefined): string | undefined => {
    const raw = attribute
      ? element.getAttribute(attribute)
      : (element.getAttribute('href') ??
        element.getAttribute('src') ??
        element.getAttribute('content') ??
        textOf(element));
    if (raw === null || raw.trim() === '') return undefined;
    try {
      return new URL(raw.trim(), document.baseURI).href;
    } catch {
      return fold(raw);
    }
  };

  const readingOf = (element: Element, { attribute, as }: FieldReading): unknown => {
    if (as === 'url') return urlOf(element, attribute);
    if (as === 'html' && attribute === undefined) return element.innerHTML.trim();
    if (as === 'boolean') {
      if (attribute !== undefined) {
        const raw = element.getAttribute(attribute);
        return raw === null
          ? false
          : raw === '' || raw.toLowerCase() === attribute.toLowerCase() || booleanOf(raw);
      }
      if (element instanceof HTMLInputElement && /^(?:checkbox|radio)$/.test(element.type))
        return element.checked;
    }
    const dated = as === 'date' && attribute === undefined ? element.getAttribute('datetime') : null;
    const raw = attribute === undefined ? (dated ?? textOf(element)) : element.getAttribute(attribute);
    if (raw === null) return undefined;
    switch (as) {
      case 'number':
        return numberOf(raw, element, attribute !== undefined);
      case 'boolean':
        return booleanOf(raw);
      case 'date':
        return dateOf(raw, element);
      case 'json':
        try {
          return raw.trim() === '' ? undefined : JSON.parse(raw);
        } catch {
          return fold(raw);
        }
      default:
        return as === 'html' ? raw : fold(raw);
    }
  };

  const field = (root: Element | Document, reading: FieldReading): unknown => {
    const { selector, all } = reading;
    const own = root instanceof Document ? root.documentElement : root;
    const elements =
      selector === '' ? [own] : [...(all ? root.querySelectorAll(selector) : [root.querySelector(selector)])];
    const values = elements.map((element) => (element ? readingOf(element, reading) : undefined));
    return all ? values.filter((value) => value !== undefined) : values[0];
  };

  return {
    field,
    record(root, fields) {
      const record: Record<string, unknown> = {};
      for (const name of Object.keys(fields)) {
        const reading = fields[name];
        if (reading) record[name] = field(root, reading);
      }
      return record;
    },
    unparsable(selectors) {
      const probe = document.createDocumentFragment();
      return selectors.filter((selector) => {
        try {
          probe.querySelector(selector);
          return false;
        } catch {
          return true;
        }
      });
    },
  };
}
