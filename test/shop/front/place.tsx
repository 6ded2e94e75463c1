/** Where the visitor is, and links that go elsewhere without a new document. */
import type { MouseEvent, ReactNode } from 'react';
import { useMemo, useSyncExternalStore } from 'react';

export interface Place {
  path: string;
  query: URLSearchParams;
  /** Under `/app` the fragment is the address. */
  isHash: boolean;
}

function subscribe(changed: () => void) {
  addEventListener('popstate', changed);
  addEventListener('hashchange', changed);
  return () => {
    removeEventListener('popstate', changed);
    removeEventListener('hashchange', changed);
  };
}

/** The present place; follows history and fragment. */
export function usePlace(): Place {
  const href = useSyncExternalStore(subscribe, () => location.href);
  return useMemo(() => {
    const { pathname, search, hash } = new URL(href);
    const isHash = pathname === '/app';
    const address = isHash ? hash.slice(1) || '/' : pathname + search;
    const { pathname: path, searchParams: query } = new URL(address, 'http://shop');
    return { path, query, isHash };
  }, [href]);
}

/** Goes to an address of the shop. */
export function goTo(address: string) {
  history.pushState(null, '', address);
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
