/** Data from the shop's API. */
import { useEffect, useState } from 'react';
import { fetchShown } from './guard.js';
import { manner } from './manner.js';

export interface Card {
  slug: string;
  sku: string;
  title: string;
  price: number | string | null;
  currency: string;
  rating: number | null;
}

export interface Product extends Card {
  category: string;
  /** Where the price stands in newer answers. */
  offer?: { price: Card['price'] };
  tags: string[];
  specs: {
    material: string;
    weightGrams: number;
    dimensions: { widthMm: number; heightMm: number; depthMm: number };
    extra: Record<string, string>;
  };
  listedAt: string | null;
  description: string;
}

/** An answer other than 200. */
export class RefusedError extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

/** @throws {RefusedError} */
export async function load<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetchShown(path, init);
  if (!answer.ok) throw new RefusedError(answer.status);
  return (await answer.json()) as T;
}

export type Loaded<T> =
  | { state: 'loading' }
  | { state: 'ready'; data: T }
  | { state: 'failed'; error: unknown };

const loading = { state: 'loading' } as const;

/** Loads all paths at once; what was loaded for other paths is never shown. */
export function useData<T extends unknown[]>(...paths: { [At in keyof T]: string }): Loaded<T> {
  const key = paths.join(' ');
  const [held, setHeld] = useState<{ key: string; loaded: Loaded<T> }>({ key, loaded: loading });
  useEffect(() => {
    const leaving = new AbortController();
    const hold = (loaded: Loaded<T>) => {
      if (!leaving.signal.aborted) setHeld({ key, loaded });
    };
    Promise.all(key.split(' ').map((path) => load(path, { signal: leaving.signal }))).then(
      (data) => hold({ state: 'ready', data: data as T }),
      (error: unknown) => hold({ state: 'failed', error }),
    );
    return () => leaving.abort();
  }, [key]);
  return held.key === key || manner.keepsOld === true ? held.loaded : loading;
}
