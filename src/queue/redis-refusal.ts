/** What makes a Redis that answers be of no use, however often one asks: found in its errors and in its INFO. */
import { isOlder, MINIMUM_REDIS } from './find-redis.mjs';

export interface Refusal {
  /** Follows "the Redis at …". */
  problem: string;
  mend: string;
}

/** Undefined: what may pass. */
export function refusalInError(error: Error): Refusal | undefined {
  const { message } = error;
  const code = 'code' in error ? String(error.code) : '';
  if (message.startsWith('WRONGPASS') || message.startsWith('ERR invalid password'))
    return {
      problem: 'does not take this user and password',
      mend: 'set those of an ACL user of it in REDIS_URL',
    };
  if (message.startsWith('NOAUTH'))
    return { problem: 'wants a password', mend: 'set REDIS_URL to redis://user:password@host:port' };
  if (message.startsWith('NOPERM'))
    return {
      problem: 'does not let this user do what the farm needs',
      mend: 'ACL SETUSER … ~thresh:* +@all -@admin -@dangerous +info',
    };
  if (message.includes('DB index is out of range'))
    return { problem: 'has no database of that number', mend: 'name another one at the end of REDIS_URL' };
  return refusalInTls(message, code);
}

function refusalInTls(message: string, code: string): Refusal | undefined {
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/.test(code))
    return {
      problem: 'asks for a certificate of ours',
      mend: 'set REDIS_URL to rediss://…?cert=/path/cert.pem&key=/path/key.pem',
    };
  if (/^CERT_|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|^ERR_TLS_CERT/.test(code))
    return {
      problem: `shows a certificate that is not trusted: ${message}`,
      mend: 'give the file of the CA that signed it for this host: rediss://…?ca=/path/ca.pem',
    };
  return undefined;
}

/** Of what ioredis tells of Sentinels when none of them has led to a master. Undefined: they are away, or start. */
export function refusalInSentinels({ message }: Error): Refusal | undefined {
  if (/No such master|invalid reply: null/.test(message))
    return {
      problem: 'is known to none of the Sentinels that answer',
      mend: 'name it in REDIS_URL as `sentinel monitor NAME …` does in their configuration',
    };
  if (/because (WRONGPASS|NOAUTH)/.test(message))
    return {
      problem: 'cannot be asked for: its Sentinels want a user and password of their own',
      mend: 'add them to REDIS_URL: ?sentinelPassword=…, and &sentinelUser=… of an ACL user',
    };
  return undefined;
}

/** `info`: the server's answer to INFO. Undefined: it will do. */
export function refusalInInfo(info: string): Refusal | undefined {
  const of = (name: string): string => new RegExp(`^${name}:(\\S*)`, 'm').exec(info)?.[1] ?? '';
  if (of('redis_mode') === 'sentinel')
    return {
      problem: 'is a Sentinel, which keeps no data',
      mend: 'set REDIS_URL to redis+sentinel://host:26379/master',
    };
  if (of('cluster_enabled') === '1')
    return {
      problem:
        'is part of a Redis Cluster, which cannot be used: what belongs together would lie on several servers',
      mend: 'set REDIS_URL to a Redis that is no cluster, alone or with Sentinels',
    };
  if (of('role') === 'slave')
    return {
      problem: `is a replica of ${of('master_host')}:${of('master_port')}, which cannot be written`,
      mend: 'set REDIS_URL to the master, or to Sentinels that know it: redis+sentinel://host:26379/master',
    };
  const version = of('redis_version');
  if (version !== '' && isOlder(version, MINIMUM_REDIS))
    return { problem: `is of version ${version}`, mend: `use one from ${MINIMUM_REDIS} on` };
  const policy = of('maxmemory_policy');
  if (Number(of('maxmemory')) > 0 && policy !== 'noeviction')
    return {
      problem: `throws jobs away when its memory is full (maxmemory-policy ${policy})`,
      mend: 'set maxmemory-policy to noeviction in its configuration, or by CONFIG SET',
    };
  return undefined;
}
