/** Where the visitor is, and links that go elsewhere without a new document. */
import type { MouseEvent, ReactNode } from 'react';
import { useMemo, useSyncExternalStore } from 'react';
import { manner } from './manner.js';

/** Of an application that keeps its place to itself. */
const went = new EventTarget();

export interface Place {
  path: string;
  query: URLSearchParams;
  /** Under `/app` the fragment is the address. */
  isHash: boolean;
}

function subscribe(changed: () => void) {
  if (manner.isDeaf === true) {
    went.addEventListener('went', changed);
    return () => went.removeEventListener('went', changed);
  }
  addEventListener('popstate', changed);
  addEventListener('hashchange', changed);
  return () => {
    removeEventListener('popstate', changed);
    removeEventListener('hashchange', changed);
  };
}

/** The present place; follows history and fragment. */
export function usePlace(): Place {
  const href = useSyncExternalStore(subscribe, placeNow);
  return useMemo(() => {
    const { pathname, search, hash } = new URL(href);
    const isHash = pathname === '/app';
    const address = isHash ? hash.slice(1) || '/' : pathname + search;
    const { pathname: path, searchParams: query } = new URL(address, 'http://shop');
    return { path, query, isHash };
  }, [href]);
}

let known = location.href;

/** Deaf to what others did to the history, it believes itself where it last went. */
function placeNow(): string {
  return manner.isDeaf === true ? known : location.href;
}

/** Goes to an address of the shop. */
export function goTo(address: string) {
  if (manner.isStuck === true) return;
  history.pushState(null, '', address);
  known = location.href;
  went.dispatchEvent(new Event('went'));
  dispatchEvent(new PopStateEvent('popstate'));
  scrollTo(0, 0);
}

export function Link(props: { to: string; rel?: string; className?: string; children: ReactNode }) {
  const { isHash } = usePlace();
  const href = isHash ? `/app#${props.to}` : props.to;
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    goTo(href);
  };
  return (
    <a href={href} rel={props.rel} className={props.className} onClick={follow}>
      {props.children}
    </a>
  );
}
