/** What happens in the pool, told to whoever listens. */
export type PoolEvent =
  | { kind: 'browser.launched'; browser: number }
  | { kind: 'browser.crashed'; browser: number }
  | { kind: 'browser.closed'; browser: number; served: number }
  | { kind: 'page.retired'; browser: number; why: 'age' | 'doubt' | 'lost' };

export type OnPoolEvent = (event: PoolEvent) => void;
