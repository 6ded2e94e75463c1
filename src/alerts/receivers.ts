/** Who is told: `THRESH_WEBHOOKS`, and how an alert is written for each. */
import { createHash, createHmac } from 'node:crypto';
import type { Alert } from './alert.js';

export interface Receiver {
  /** Of its URL; the URL itself is a secret. */
  id: string;
  url: string;
  /** `example.com`, or `example.com:8080`: all that is ever shown of the URL. */
  host: string;
  format: 'json' | 'slack';
  /** Beginnings of the kinds that it is told of; all when empty. */
  only: readonly string[];
}

export interface Letter {
  headers: Record<string, string>;
  body: string;
}

/**
 * `https://host/path`, `slack+https://hooks.slack.com/…`, each with `#batch.held,sla` at its end for some kinds only.
 * Undefined for what is none.
 */
export function receiverOf(text: string): Receiver | undefined {
  const isSlack = text.startsWith('slack+');
  const plain = isSlack ? text.slice('slack+'.length) : text;
  if (!URL.canParse(plain)) return undefined;
  const url = new URL(plain);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  const only = decodeURIComponent(url.hash.slice(1))
    .split(',')
    .map((kind) => kind.trim())
    .filter((kind) => kind !== '');
  url.hash = '';
  const id = createHash('sha256').update(`${isSlack} ${url.href}`).digest('hex').slice(0, 12);
  return { id, url: url.href, host: url.host, format: isSlack ? 'slack' : 'json', only };
}

export function wants({ only }: Receiver, { kind }: Pick<Alert, 'kind'>): boolean {
  return kind === 'test' || only.length === 0 || only.some((beginning) => kind.startsWith(beginning));
}

/**
 * As it is sent. JSON carries `X-Thresh-Timestamp` (seconds) and, with a secret, `X-Thresh-Signature`:
 * `sha256=` and the hex HMAC-SHA256 of `TIMESTAMP.BODY`.
 */
export function letterFor({ format }: Receiver, alert: Alert, secret: string | undefined): Letter {
  const body = JSON.stringify(format === 'slack' ? slackOf(alert) : alert);
  const headers = { 'content-type': 'application/json; charset=utf-8', 'idempotency-key': alert.id };
  if (format === 'slack') return { headers, body };
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signed =
    secret === undefined ? {} : { 'x-thresh-signature': `sha256=${signatureOf(secret, timestamp, body)}` };
  return { headers: { ...headers, 'x-thresh-timestamp': timestamp, ...signed }, body };
}

export function signatureOf(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}

const MARK = { info: ':white_check_mark:', warning: ':warning:', error: ':x:' } as const;

/** Mentions and links are no more than text: what a page wrote calls nobody and leads nowhere. */
function slackOf({ severity, title, text }: Alert): Record<string, unknown> {
  const words = [`${MARK[severity]} ${escaped(title)}`, ...(text === '' ? [] : [escaped(text)])].join('\n');
  return { text: words, mrkdwn: false, link_names: false, unfurl_links: false, unfurl_media: false };
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/@(?=\w)/g, '@\u200b');
}
