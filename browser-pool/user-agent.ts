/**
 * What a plain Chromium of this version calls itself, reduced as Chromium reduces it (no minor version), with the
 * product that it works for. Not the browser's own name, which is another one without a window than with one.
 */
export function plainUserAgent(version: string, product: string): string {
  const [major = '0'] = version.split('.');
  return `Mozilla/5.0 (${PLATFORM}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36 ${product}`.trim();
}

const PLATFORMS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'Macintosh; Intel Mac OS X 10_15_7',
  win32: 'Windows NT 10.0; Win64; x64',
};
const PLATFORM = PLATFORMS[process.platform] ?? 'X11; Linux x86_64';
