/** How this application behaves from page to page; the shop's settings say so in the shell. */
interface Manner {
  keepsOld?: boolean;
  isDeaf?: boolean;
  isStuck?: boolean;
  liesFrom?: number;
  leaks?: boolean;
  proves?: 'cookie' | 'header';
}

export const manner = JSON.parse(document.getElementById('root')?.dataset.manner ?? '{}') as Manner;

let products = 0;
const left: number[][] = [];

/** What the shop says of a product's stock; from a page on one more. */
export function stockToShow(stock: number): number {
  return products >= (manner.liesFrom ?? Number.POSITIVE_INFINITY) ? stock + 1 : stock;
}

/** A product's page has come. */
export function productCame(): void {
  products += 1;
  if (manner.leaks !== true) return;
  left.push(Array.from({ length: 10_000 }, (_, at) => at));
  addEventListener('popstate', () => document.documentElement.setAttribute('data-left', String(left.length)));
}
