/**
 * A context is shared by the leases of its identity. Cookies and storage are meant to be; what a lease changes in how
 * its pages behave is not, and cannot be taken back while others work in it: such a context is replaced.
 */
import type { BrowserContext } from 'playwright';

const SPOILING = [
  'addInitScript',
  'exposeFunction',
  'exposeBinding',
  'grantPermissions',
  'on',
  'once',
  'route',
  'routeFromHAR',
  'routeWebSocket',
  'setDefaultNavigationTimeout',
  'setDefaultTimeout',
  'setExtraHTTPHeaders',
  'setGeolocation',
  'setOffline',
] as const;

/** Tells each time when somebody changes the behaviour of the context's pages. */
export function onContextSpoiled(context: BrowserContext, told: () => void): void {
  onCall(context, SPOILING, told);
  onCall(context.clock, ['install', 'pauseAt', 'setFixedTime', 'setSystemTime'], told);
}

/** Tells of each call of these methods, before it is made. */
export function onCall<T extends object>(object: T, names: readonly (keyof T)[], told: () => void): void {
  for (const name of names) {
    const method = object[name] as (...args: unknown[]) => unknown;
    Object.defineProperty(object, name, {
      value: (...args: unknown[]) => {
        told();
        return method.apply(object, args);
      },
    });
  }
}
