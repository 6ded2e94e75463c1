// @ts-check
/** Another origin: an analytics script of the usual manners, and the shop's control where the shop itself may be down. */
import { createServer } from 'node:http';
import { isControl, serveControl } from './control.mjs';
import { send } from './exchange.mjs';

const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** Looks at the device, then sends a beacon for each page shown, each click and every five seconds. */
const script = `(() => {
  const origin = new URL(document.currentScript.src).origin;
  const visitor = (localStorage.visitor ??= Math.random().toString(36).slice(2));
  const print = () => {
    const canvas = document.createElement('canvas');
    canvas.width = 200; canvas.height = 40;
    const ink = canvas.getContext('2d');
    ink.font = '18px serif'; ink.fillText('device \\u{1f5a8}', 4, 24);
    let hash = 0;
    for (const character of canvas.toDataURL()) hash = (hash * 31 + character.charCodeAt(0)) | 0;
    return hash;
  };
  const device = { print: print(), screen: [screen.width, screen.height], zone: Intl.DateTimeFormat().resolvedOptions().timeZone, agent: navigator.userAgent };
  const report = (event) => navigator.sendBeacon(origin + '/collect', JSON.stringify({ event, visitor, device, path: location.pathname, at: performance.now() }));
  report('view');
  new Image().src = origin + '/pixel.gif?' + visitor;
  const push = history.pushState;
  history.pushState = function (...all) { push.apply(this, all); report('view'); };
  addEventListener('popstate', () => report('view'));
  addEventListener('click', () => report('click'), true);
  addEventListener('visibilitychange', () => report('leave'));
  setInterval(() => report('ping'), 5000);
})();
`;

/**
 * @param {() => import('./exchange.mjs').Shop} shop asked at each request: the shop is made after this listener
 */
export function createThirdParty(shop) {
  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://third-party');
    const exchange = { request, response, url, renders: undefined };
    if (isControl(url)) {
      void serveControl(shop(), exchange);
    } else if (url.pathname === '/analytics.js') {
      send(exchange, 200, 'text/javascript; charset=utf-8', script, { 'cache-control': 'max-age=3600' });
    } else if (url.pathname === '/pixel.gif') {
      send(exchange, 200, 'image/gif', pixel, { 'cache-control': 'no-store' });
    } else {
      request.resume();
      shop().log.beaconCame();
      response.writeHead(204, { 'access-control-allow-origin': '*' }).end();
    }
  });
}
