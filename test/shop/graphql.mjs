// @ts-check
/** `/g/SLUG`: a product page that is drawn from answers of GraphQL, and what answers them. */
import { readJson, sendHtml, sendJson } from './exchange.mjs';
import { categories } from './words.mjs';

/** @typedef {import('./exchange.mjs').Shop} Shop */
/** @typedef {import('./exchange.mjs').Exchange} Exchange */

const page = `<!doctype html><meta charset="utf-8"><title>Thresh &amp; Sons</title><main></main><script type="module">
const ask = async (operationName, variables) => {
  const query = 'query ' + operationName + ' { answer }';
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch('/api/graphql', { method: 'POST', headers, body: JSON.stringify({ operationName, variables, query }) });
  return (await answer.json()).data;
};
const slug = decodeURIComponent(location.pathname.split('/').pop());
const [{ categories }, { product }] = await Promise.all([ask('Menu', {}), ask('ProductPage', { slug })]);
const heading = document.createElement('h1');
heading.dataset.testid = product === null ? 'not-found' : 'product';
heading.textContent = product === null ? 'Not found' : product.title + ' (' + categories.length + ')';
document.querySelector('main').append(heading);
</script>`;

/** @type {import('./exchange.mjs').Section} */
export function serveGraphPage(_, exchange) {
  sendHtml(exchange, 200, page);
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 */
export async function serveGraphql({ catalogue }, exchange) {
  const asked = await readJson(exchange).catch(() => null);
  const { operationName, variables } =
    /** @type {{ operationName?: unknown, variables?: { slug?: unknown } }} */ (asked ?? {});
  if (operationName === 'Menu')
    return sendJson(exchange, 200, {
      data: { categories: categories.map(({ slug, name }) => ({ slug, name })) },
    });
  if (operationName !== 'ProductPage')
    return sendJson(exchange, 200, { errors: [{ message: 'no such operation' }] });
  const slug = String(variables?.slug);
  const number = catalogue.numberOf(slug);
  exchange.renders = number ?? `/g/${slug}`;
  if (number === undefined) return sendJson(exchange, 200, { data: { product: null } });
  const { number: _, ...product } = catalogue.productAt(number);
  sendJson(exchange, 200, { data: { product } });
}
