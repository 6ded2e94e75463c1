/** What happens in the pool, told to whoever listens. */
export type PoolEvent =
  | { kind: 'browser.launched'; browser: number }
  | { kind: 'browser.crashed'; browser: number; reason: string }
  /** It takes no new page, and is closed when its last one has ended. `doubt`: something in it did not answer. */
  | { kind: 'browser.retired'; browser: number; why: 'age' | 'doubt' | 'asked' }
  | { kind: 'browser.retired'; browser: number; why: 'memory'; memoryMb: number }
  | { kind: 'browser.closed'; browser: number; served: number }
  | { kind: 'page.retired'; browser: number; why: 'age' | 'doubt' | 'lost' | 'memory' };

export type OnPoolEvent = (event: PoolEvent) => void;
