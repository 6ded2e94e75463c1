/**
 * What is kept of a page that is given up: what it looks like, and who it came as (its proxy without user and password,
 * its user agent; its cookies only where the target asks for that), so that a person can look at it again as it was.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lease } from '../../browser-pool/index.js';
import { type Artifacts, keepArtifacts } from './artifacts.js';
import type { Session } from './sessions.js';

export interface KeptFailure extends Artifacts {
  proxy?: string;
  userAgent?: string;
  /** Path within the folder. */
  cookies?: string;
}

export interface FailedWork {
  lease: Lease;
  session: Session;
  /** What the browser calls itself. */
  userAgent: string | undefined;
  /** The target wants its cookies kept. */
  keepsCookies: boolean;
}

export interface FailurePlace {
  /** The batch's folder. */
  folder: string;
  page: number;
  traced: boolean;
}

/** Of a cookie jar of a page that hangs. */
const LIMIT_MS = 5_000;

/** As far as the page still answers. Never throws. */
export async function keepFailure(
  { lease, session, userAgent, keepsCookies }: FailedWork,
  { folder, page, traced }: FailurePlace,
): Promise<KeptFailure> {
  const identity = {
    ...(session.proxy === undefined ? {} : { proxy: session.proxy.name }),
    ...(userAgent === undefined ? {} : { userAgent }),
  };
  if (lease.lost.aborted) return identity;
  const cookies = keepsCookies ? await keepCookies(lease, session, { folder, page }) : undefined;
  return {
    ...identity,
    ...(await keepArtifacts(lease.page, { folder, name: `artifacts/page-${page}`, traced })),
    ...(cookies === undefined ? {} : { cookies }),
  };
}

/** Outside of what is delivered, and for nobody else to read. */
async function keepCookies(
  { page }: Lease,
  { storageState }: Session,
  place: Omit<FailurePlace, 'traced'>,
): Promise<string | undefined> {
  const name = `cookies/page-${place.page}.json`;
  const file = path.join(place.folder, name);
  try {
    const cookies = await Promise.race([page.context().cookies(), late()]);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await rm(file, { force: true }); // one that is there keeps its mode
    await writeFile(file, JSON.stringify({ cookies, origins: storageState?.origins ?? [] }), { mode: 0o600 });
    return name;
  } catch {
    return undefined;
  }
}

function late(): Promise<never> {
  return delay(LIMIT_MS, undefined, { ref: false }).then(() => {
    throw new Error('no answer in time');
  });
}
