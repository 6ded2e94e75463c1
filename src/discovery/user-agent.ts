/** The name under which the farm goes: in its browsers, in its own requests, and in robots.txt. */
import { VERSION } from '../version.js';

/** The farm's product token, after RFC 9110, 10.1.5. */
export const PRODUCT = `Thresh/${VERSION.split('.', 2).join('.')}`;

/** For requests of our own where no browser tells its version. */
export const PLAIN_USER_AGENT = `Mozilla/5.0 (compatible; ${PRODUCT})`;

/** Products that every browser claims to be; no crawler's name. */
const BROWSERS =
  /^(mozilla|applewebkit|khtml|gecko|chrome|chromium|headlesschrome|safari|version|mobile|firefox|edge?|edga|edgios|opr|opera|crios|fxios|trident|msie|ubuntu|linux|android)$/i;

/**
 * The name that robots.txt is read for (RFC 9309, 2.2.1: a crawler's product token should be part of what it calls
 * itself): the last product of the user agent that is no browser's; the farm's own where there is none.
 */
export function robotsName(userAgent: string | undefined): string {
  const [own = ''] = PRODUCT.split('/');
  const products = [...(userAgent ?? '').matchAll(/(?<![\w.-])([a-z_][a-z_-]*)\/[\w.+-]+/gi)];
  const names = products.map(([, name = '']) => name).filter((name) => !BROWSERS.test(name));
  const bare = /^[a-z_-]+$/i.test(userAgent ?? '') ? userAgent : undefined;
  return bare ?? names.at(-1) ?? own;
}
