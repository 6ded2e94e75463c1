/** Which hosts followed links may lead to: those of discovered pages, and those that the target allows. */
export interface HostRule {
  /** Read at each question, so that it may grow. */
  seeds: ReadonlySet<string>;
  /** Names, or `*.example.com` for all below one; with `:PORT` only that port. */
  allowHosts: readonly string[];
}

export function createHostRule({ seeds, allowHosts }: HostRule): (url: string) => boolean {
  const allowed = allowHosts.map((host) => host.toLowerCase());
  return (url) => {
    if (!URL.canParse(url)) return false;
    const { hostname, port, protocol } = new URL(url);
    if (seeds.has(hostname)) return true;
    const withPort = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
    return allowed.some((host) => isUnder(/:\d+$/.test(host) ? withPort : hostname, host));
  };
}

function isUnder(hostname: string, allowed: string): boolean {
  return allowed.startsWith('*.') ? hostname.endsWith(allowed.slice(1)) : hostname === allowed;
}
