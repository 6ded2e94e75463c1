/** Who a page of a batch came as when it was given up, as far as its dead letter says, for it to be looked at so again. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { StorageState } from '../../browser-pool/index.js';
import { workFiles } from '../batch/aggregating.js';
import { batchFiles } from '../batch/spec.js';
import type { Column } from '../dataset/column.js';
import { namesOf } from '../page/proxies/proxies.js';
import { recordsOf } from '../spool/lines.js';
import type { PageRecord } from '../spool/record.js';
import type { LoadedTarget } from '../target/load.js';
import { plainText } from '../telemetry/plain-text.js';

export interface Identity {
  /** Without user and password. */
  proxy?: string;
  userAgent?: string;
  storage?: StorageState;
}

/** What of it is shown: cookies only by their number. */
export interface ShownIdentity {
  proxy?: string;
  userAgent?: string;
  cookies?: number;
}

/** Undefined when nothing is known: the page was not given up, or its batch is not that far. */
export async function identityOf(home: string, batch: string, page: number): Promise<Identity | undefined> {
  const files = batchFiles(home, batch);
  for await (const record of recordsOf<PageRecord>(workFiles(files).dead)) {
    if (record.page !== page || record.failure === undefined) continue;
    const { proxy, userAgent, cookies } = record.failure;
    const storage = cookies === undefined ? undefined : await storageAt(path.join(files.dir, cookies));
    const identity = {
      ...(proxy === undefined ? {} : { proxy }),
      ...(userAgent === undefined ? {} : { userAgent }),
      ...(storage === undefined ? {} : { storage }),
    };
    return Object.keys(identity).length === 0 ? undefined : identity;
  }
  return undefined;
}

export function shownIdentity({ proxy, userAgent, storage }: Identity): ShownIdentity {
  return {
    ...(proxy === undefined ? {} : { proxy }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(storage === undefined ? {} : { cookies: storage.cookies.length }),
  };
}

/** The target with this user agent, and with no other proxy as long as its list has this one. */
export function wearing(
  target: LoadedTarget<Column[]>,
  { proxy, userAgent }: Identity,
): LoadedTarget<Column[]> {
  const { definition } = target;
  const { proxies, browser } = definition;
  return {
    ...target,
    definition: {
      ...definition,
      browser: { ...browser, ...(userAgent === undefined ? {} : { userAgent }) },
      ...(proxies === undefined || proxy === undefined ? {} : { proxies: () => onlyThrough(proxy, proxies) }),
    },
  };
}

async function onlyThrough(
  name: string,
  given: NonNullable<LoadedTarget['definition']['proxies']>,
): Promise<readonly string[]> {
  const list = typeof given === 'function' ? await given() : given;
  const same = [...namesOf([...new Set(list)])].flatMap(([url, one]) => (one === name ? [url] : []));
  if (same.length > 0) return same;
  process.stderr.write(
    `thresh: proxy ${plainText(name, 200)} is not among the target's any more; through another one\n`,
  );
  return list;
}

/** Undefined when it was cleaned up. */
async function storageAt(file: string): Promise<StorageState | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as StorageState);
}
