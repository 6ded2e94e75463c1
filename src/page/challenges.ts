/** Marks of well-known challenge pages that a browser gets instead of the page; each a selector of their own markup. */
export const CHALLENGES = [
  '#challenge-form',
  '#challenge-running',
  '#cf-challenge-running',
  'form#challenge-error-text',
  'iframe[src*="challenges.cloudflare.com/cdn-cgi/challenge-platform"]',
  'iframe[src*="captcha-delivery.com"]',
  'awswaf-captcha',
  '#sec-if-cpt-container',
  '#px-captcha',
  'form[action*="/errors/validateCaptcha"]',
  '#distilIdentificationBlock',
  'script[src*="/_Incapsula_Resource"] + noscript + iframe#main-iframe',
].join(',');

/** True for answers of edge services that say themselves that they are a challenge. */
export function isChallengeAnswer(headers: Record<string, string>): boolean {
  return headers['cf-mitigated'] === 'challenge' || headers['x-amzn-waf-action'] === 'captcha';
}
