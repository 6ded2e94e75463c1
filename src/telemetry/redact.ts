const HIDDEN = '[redacted]';
const SECRET_KEY =
  /^(?:.*[-_])?(?:pass(?:word|wd|phrase)?|secret|secretaccesskey|secret[-_]?key|authorization|cookies?|token|api[-_]?key|credentials?|private[-_]?key)$|(?:Password|Secret|Token|ApiKey|SecretKey|PrivateKey|Cookies?)$/;
const USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi;
const SECRET_PARAMETER =
  /([?&;](?:[a-z0-9_.-]*[-_])?(?:password|passwd|secret|token|api_?key|signature|sig)=)[^&#\s"'<>]+/gi;
const BEARER = /\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}/gi;
const MAX_DEPTH = 8;

/** `text` without user and password in URLs, secret query parameters and authorization values. */
export function redactText(text: string): string {
  return text
    .replace(USER_INFO, `$1${HIDDEN}@`)
    .replace(SECRET_PARAMETER, `$1${HIDDEN}`)
    .replace(BEARER, `$1 ${HIDDEN}`);
}

/**
 * A copy of `value` fit for a log: fields named like a secret are hidden whole, all other text goes through
 * `redactText`. Errors keep type, code, message, stack and cause. What lies deeper than 8 levels, or in itself, is cut.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[cut]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map) return redact(Object.fromEntries(value), depth + 1);
  if (Array.isArray(value) || value instanceof Set)
    return Array.from(value, (item) => redact(item, depth + 1));
  return redactRecord(value, depth);
}

function redactRecord(record: object, depth: number): Record<string, unknown> {
  if (isLogin(record)) return { name: record.name, args: HIDDEN };
  const entries = Object.entries(record).map(([key, item]) => [
    key,
    isSecret(key) ? HIDDEN : redact(item, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: redactText(error.message),
    ...redactRecord({ ...error, name: undefined }, depth),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) }),
  };
}

/** A command of Redis, as its errors hold it. */
function isLogin(record: object): record is { name: string } {
  return 'name' in record && /^(?:auth|hello)$/i.test(String(record.name)) && 'args' in record;
}

function isSecret(key: string): boolean {
  return SECRET_KEY.test(key) || SECRET_KEY.test(key.toLowerCase());
}
