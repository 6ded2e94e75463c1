// @ts-check
/** What every contender runs in the page, so that all of them read the same rows with the same code. */

/**
 * @typedef {object} Wanted
 * @property {'detail' | 'list'} kind
 * @property {string} ready selector of what stands only when this page, and no earlier one, is all there
 * @property {string} [path] the application is taken there first, through its own router
 */

/** @typedef {Record<string, unknown>} Row */

/**
 * Sent to the page as its own source text. Waits by an observer, and reads in the same round trip.
 * @param {Wanted} wanted
 * @returns {Row[] | Promise<Row[]>}
 */
export function rowsWhenShown({ kind, ready, path }) {
  const fold = (/** @type {string | null | undefined} */ text) => (text ?? '').replace(/\s+/g, ' ').trim();
  const textOf = (/** @type {Element} */ root, /** @type {string} */ selector) =>
    fold(root.querySelector(selector)?.textContent);

  /** @param {Element} product */
  function detailOf(product) {
    const attribute = (/** @type {string} */ selector, /** @type {string} */ name) =>
      product.querySelector(selector)?.getAttribute(name) ?? undefined;
    const rating = attribute('.rating', 'data-rating');
    const listedAt = attribute('time', 'datetime');
    return {
      sku: product.getAttribute('data-sku'),
      title: textOf(product, '.title'),
      price: Number(textOf(product, '.price').replace(/[^\d.]/g, '')),
      currency: attribute('.price', 'data-currency'),
      category: textOf(product, '.category'),
      stock: Number(attribute('.stock', 'data-stock')),
      ...(rating === undefined ? {} : { rating: Number(rating) }),
      tags: [...product.querySelectorAll('.tag')].map((tag) => fold(tag.textContent)),
      material: textOf(product, '[data-spec="material"] .value'),
      ...(listedAt === undefined ? {} : { listedAt }),
    };
  }

  /** @param {Element} card */
  const cardOf = (card) => ({
    slug: card.getAttribute('data-slug'),
    sku: card.getAttribute('data-sku'),
    title: textOf(card, '.title'),
  });

  function read() {
    const shown = document.querySelector(ready);
    if (shown === null) return undefined;
    return kind === 'detail' ? [detailOf(shown)] : [...shown.querySelectorAll('.card')].map(cardOf);
  }

  if (path !== undefined) {
    history.pushState(null, '', path);
    dispatchEvent(new PopStateEvent('popstate'));
  }
  const now = read();
  if (now !== undefined) return now;
  return new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      const rows = read();
      if (rows === undefined) return;
      observer.disconnect();
      resolve(rows);
    });
    observer.observe(document, { subtree: true, childList: true });
  });
}
