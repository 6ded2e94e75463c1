/** Where a page's data comes from: the target itself, or somebody whom its pages embed. */

/** Second-level names under which countries register: `shop.co.uk` is a site, `co.uk` is none. */
const REGISTRIES = new Set(['ac', 'co', 'com', 'edu', 'gov', 'go', 'gob', 'ne', 'net', 'or', 'org']);

/**
 * True when `url` goes to the target whose document stands at `documentUrl`: the same site (the last two labels of the
 * host, three where the second is a country's registry; an IP address or a single name is its own site; ports do not
 * matter), or one of `hosts` (names, `*.example.com` for all below one, with `:PORT` only that port). No list of public
 * suffixes: two tenants of one platform (`a.github.io`, `b.github.io`) count as one target, whose load is one as well.
 */
export function isOwnSite(url: string, documentUrl: string, hosts: readonly string[]): boolean {
  if (!URL.canParse(url) || !URL.canParse(documentUrl)) return false;
  const { hostname, port, protocol } = new URL(url);
  if (!/^https?:$/.test(protocol)) return false;
  if (siteOf(hostname) === siteOf(new URL(documentUrl).hostname)) return true;
  const withPort = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
  return hosts.some((host) => {
    const asked = /:\d+$/.test(host) ? withPort : hostname;
    return host.startsWith('*.') ? asked.endsWith(host.slice(1).toLowerCase()) : asked === host.toLowerCase();
  });
}

function siteOf(hostname: string): string {
  if (/^[\d.]+$|^\[/.test(hostname)) return hostname;
  const labels = hostname.split('.');
  const [second = '', top = ''] = labels.slice(-2);
  return labels.slice(top.length === 2 && REGISTRIES.has(second) ? -3 : -2).join('.');
}
