/**
 * Shows in the page what its fields are read from. `markInPage` is sent to the page as its own source text, so it may
 * refer to nothing outside itself. It draws over the page, into a closed shadow root of an element of its own: nothing
 * that stood there is touched, and the page's text gets there as text alone.
 */
import type { FieldReading } from './field-spec.js';
import type { createPageReader } from './in-page-reader.js';

export interface MarkRequest {
  rows: string | null;
  fields: Record<string, FieldReading>;
  /** Elements that are outlined at most. */
  most: number;
}

export interface Marks {
  /** Elements that were outlined. */
  outlined: number;
  /** Row elements; 1 without `rows`. */
  rows: number;
  /** Fields that gave nothing, and in how many of the rows. */
  missing: { name: string; rows: number }[];
}

export function markInPage(reader: ReturnType<typeof createPageReader>, request: MarkRequest): Marks {
  const host = document.createElement('div');
  const styled = (element: HTMLElement, style: Record<string, string>): HTMLElement => {
    for (const name of Object.keys(style)) element.style.setProperty(name, style[name] ?? '', 'important');
    return element;
  };
  const add = (parent: Node, style: Record<string, string>, text = ''): HTMLElement => {
    const element = styled(document.createElement('div'), { all: 'initial', ...style });
    element.textContent = text;
    parent.appendChild(element);
    return element;
  };
  const FONT = { font: '12px/1.4 monospace', color: '#fff', 'white-space': 'pre' };

  styled(host, {
    all: 'initial',
    position: 'absolute',
    left: '0',
    top: '0',
    'z-index': '2147483647',
    'pointer-events': 'none',
  });
  const shadow = host.attachShadow({ mode: 'closed' });
  document.documentElement.appendChild(host);
  const origin = host.getBoundingClientRect();
  let outlined = 0;

  const outline = (element: Element, name: string, hue: number): void => {
    const { left, top, width, height } = element.getBoundingClientRect();
    if (outlined >= request.most || width * height === 0) return;
    outlined += 1;
    const box = add(shadow, {
      position: 'absolute',
      'box-sizing': 'border-box',
      left: `${left - origin.left - 2}px`,
      top: `${top - origin.top - 2}px`,
      width: `${width + 4}px`,
      height: `${height + 4}px`,
      border: `2px solid hsl(${hue} 80% 40%)`,
    });
    const label = { position: 'absolute', left: '-2px', bottom: '100%', padding: '0 3px' };
    add(box, { ...FONT, ...label, background: `hsl(${hue} 80% 40%)` }, name);
  };

  const roots: (Element | Document)[] =
    request.rows === null ? [document] : [...document.querySelectorAll(request.rows)];
  const missing: Marks['missing'] = [];
  const names = Object.keys(request.fields);
  for (const name of names) {
    const reading = request.fields[name];
    if (!reading) continue;
    const hue = Math.round((360 * names.indexOf(name)) / names.length);
    let without = 0;
    for (const root of roots) {
      const value = reader.field(root, reading);
      if (value === undefined || (Array.isArray(value) && value.length === 0)) {
        without += 1;
        continue;
      }
      const { selector, all } = reading;
      const found: (Element | Document | null)[] =
        selector === ''
          ? [root]
          : all
            ? [...root.querySelectorAll(selector)]
            : [root.querySelector(selector)];
      for (const element of found) if (element instanceof Element) outline(element, name, hue);
    }
    if (without > 0 || roots.length === 0) missing.push({ name, rows: without });
  }

  const lines =
    roots.length === 0
      ? [`no element is ${request.rows}`]
      : missing.map(({ name, rows }) =>
          roots.length === 1 ? name : `${name}: in ${rows} of ${roots.length} rows`,
        );
  if (lines.length > 0) {
    const corner = {
      position: 'fixed',
      right: '8px',
      bottom: '8px',
      padding: '6px 8px',
      background: '#b00020',
    };
    add(shadow, { ...FONT, ...corner }, ['not found', ...lines].join('\n'));
  }
  return { outlined, rows: roots.length, missing };
}
