// @ts-check
/** The page that refuses a visitor: `/blocked/403`, `/blocked/429` and `/blocked/503` say so, `/blocked/200` does not. */
import { sendHtml } from './exchange.mjs';

const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Just a moment...</title></head>
<body><main id="challenge"><h1>Checking that you are human</h1><p>This may take a few seconds.</p>
<form id="challenge-form" method="post"><input type="hidden" name="ray" value="8f2b1c"><noscript>Enable JavaScript and cookies to continue</noscript></form>
</main></body></html>
`;

/**
 * @param {import('./exchange.mjs').Exchange} exchange
 * @param {number} status
 */
export function sendChallenge(exchange, status) {
  sendHtml(exchange, status, html);
}

/** @type {import('./exchange.mjs').Section} */
export function serveBlocked(_, exchange) {
  const status = Number(/^\/blocked\/(200|403|429|503)(?:\/|$)/.exec(exchange.url.pathname)?.[1] ?? 403);
  sendChallenge(exchange, status);
}
