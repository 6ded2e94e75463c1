/** The forms of REDIS_URL, taken apart. What is wrong with one stays out of the message: it may hold a password. */
import { ThreshError } from './errors.js';

export interface RedisAddress {
  host: string;
  port: number;
}

export interface RedisLogin {
  username?: string;
  password?: string;
}

/** Files of PEM: whose certificates are trusted, and the one of our own that the server asks for. */
export interface RedisTls {
  ca?: string;
  cert?: string;
  key?: string;
}

export interface RedisPlace {
  /** A server, a Unix socket, or the Sentinels that know which server is the master of that name. */
  at: RedisAddress | { socket: string } | { sentinels: RedisAddress[]; master: string };
  login: RedisLogin;
  sentinelLogin: RedisLogin;
  db: number;
  /** Undefined: plain. With Sentinels theirs, too. */
  tls: RedisTls | undefined;
}

interface Taken {
  url: URL;
  /** Hosts after the first one, which no URL of the standard has. */
  others: string[];
}

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26379;
const TLS_FILES = ['ca', 'cert', 'key'] as const;
const FORMS = [
  'redis://[user:password@]host[:port][/db]',
  'rediss://… for TLS',
  'redis+sentinel://[user:password@]host[:port],host[:port]/master[/db]',
  'unix:///path/to.sock',
].join(', ');

/** `name`: as the user knows it. Throws USAGE. */
export function parseRedisUrl(text: string, name = 'REDIS_URL'): RedisPlace {
  const { url, others } = takeApart(text, name);
  const scheme = url.protocol.slice(0, -1);
  if (!['redis', 'rediss', 'unix', 'redis+sentinel', 'rediss+sentinel'].includes(scheme))
    throw wrong(name, `has the scheme '${scheme}'`);
  const isSentinel = scheme.endsWith('+sentinel');
  if (url.hash !== '') throw wrong(name, "holds a '#'", "write it as '%23' where it is part of a password");
  if (others.length > 0 && !isSentinel) throw wrong(name, 'names several hosts');
  const asked = parametersOf(url, name, {
    isSentinel,
    isTls: scheme.startsWith('rediss'),
  });
  const [first = '', second] = url.pathname.slice(1).split('/').map(decoded(name));
  const db = asked.get('db') ?? (scheme === 'unix' ? '' : isSentinel ? (second ?? '') : first);
  if (!/^\d{0,9}$/.test(db)) throw wrong(name, 'names a database that is no number');
  if (scheme !== 'unix' && url.hostname === '') throw wrong(name, 'names no host');
  return {
    at: placeOf(url, { others, master: first, isSentinel, name }),
    login: loginOf(url.username, url.password, name),
    sentinelLogin: loginOf(asked.get('sentinelUser') ?? '', asked.get('sentinelPassword') ?? '', name),
    db: Number(db),
    tls: scheme.startsWith('rediss') ? tlsOf(asked, name) : undefined,
  };
}

function takeApart(text: string, name: string): Taken {
  const [, before = '', hosts = '', after = ''] =
    /^([a-z+]+:(?:\/\/(?:[^@/?#]*@)?)?)([^@/?#]*)(.*)$/is.exec(text) ?? [];
  const [first = '', ...others] = hosts.split(',');
  if (!URL.canParse(before + first + after)) throw wrong(name, 'is not a URL');
  return { url: new URL(before + first + after), others };
}

function placeOf(
  url: URL,
  {
    others,
    master,
    isSentinel,
    name,
  }: { others: string[]; master: string; isSentinel: boolean; name: string },
): RedisPlace['at'] {
  if (url.protocol === 'unix:') return { socket: decoded(name)(url.pathname) };
  if (!isSentinel) return addressOf(url, REDIS_PORT);
  if (master === '')
    throw wrong(name, 'does not say which master the Sentinels watch', 'add its name: …:26379/mymaster');
  const rest = others.map((other) => {
    if (!URL.canParse(`redis://${other}`)) throw wrong(name, 'is not a URL');
    return addressOf(new URL(`redis://${other}`), SENTINEL_PORT);
  });
  return { sentinels: [addressOf(url, SENTINEL_PORT), ...rest], master };
}

function addressOf(url: URL, usualPort: number): RedisAddress {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || usualPort) };
}

function loginOf(username: string, password: string, name: string): RedisLogin {
  return {
    ...(username === '' ? {} : { username: decoded(name)(username) }),
    ...(password === '' ? {} : { password: decoded(name)(password) }),
  };
}

/** Of a query no `+` is a space here: passwords have them. */
function parametersOf(
  url: URL,
  name: string,
  { isSentinel, isTls }: { isSentinel: boolean; isTls: boolean },
): Map<string, string> {
  const known = [
    'db',
    ...(isTls ? TLS_FILES : []),
    ...(isSentinel ? ['sentinelUser', 'sentinelPassword'] : []),
  ];
  const pairs = url.search.slice(1).split('&').filter(Boolean);
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      const key = pair.slice(0, at);
      if (!known.includes(key))
        throw wrong(name, 'has a parameter that it cannot have', `it may have ${known.join(', ')}`);
      return [key, pair.slice(at + 1)];
    }),
  );
}

function tlsOf(asked: ReadonlyMap<string, string>, name: string): RedisTls {
  if (asked.has('cert') !== asked.has('key'))
    throw wrong(name, 'has one of cert and key', 'give the files of both');
  return Object.fromEntries(
    TLS_FILES.flatMap((file) => {
      const given = asked.get(file);
      return given === undefined ? [] : [[file, decoded(name)(given)]];
    }),
  );
}

function decoded(name: string): (text: string) => string {
  return (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw wrong(name, "holds a '%' that begins no character", "write it as '%25'");
    }
  };
}

function wrong(name: string, problem: string, mend = `use ${FORMS}`): ThreshError {
  return new ThreshError(`${name} ${problem}`, { code: 'USAGE', scope: 'batch', mend });
}
