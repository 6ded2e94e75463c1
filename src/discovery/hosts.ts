/** Which hosts followed links may lead to: those of discovered pages, and those that the target allows. */
export interface HostRule {
  /** Read at each question, so that it may grow. */
  seeds: ReadonlySet<string>;
  /** Names, or `*.example.com` for all below one. */
  allowHosts: readonly string[];
}

export function createHostRule({ seeds, allowHosts }: HostRule): (url: string) => boolean {
  return (url) => {
    if (!URL.canParse(url)) return false;
    const { hostname } = new URL(url);
    return seeds.has(hostname) || allowHosts.some((allowed) => isUnder(hostname, allowed.toLowerCase()));
  };
}

function isUnder(hostname: string, allowed: string): boolean {
  return allowed.startsWith('*.') ? hostname.endsWith(allowed.slice(1)) : hostname === allowed;
}
