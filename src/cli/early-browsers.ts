/**
 * The browsers of a command that will need one, begun before the rest of it is loaded: a browser takes as long to start
 * as all that has to be done until its first page. This file loads next to nothing.
 */
import type { BrowserPool } from '../../browser-pool/index.js';
import type { BatchEvent, OnBatchEvent } from '../batch/events.js';
import { createFarmBrowsers } from '../batch/farm-browsers.js';
import type { Settings } from '../settings.js';
import { browserSettings } from './farm-settings.js';

export interface EarlyBrowsers {
  /** A browser of it is starting. Whether it starts at all is told by whoever asks the pool for something. */
  pool: BrowserPool;
  /** From now on they are told to `onEvent`, and what was told to nobody so far is. */
  tell(onEvent: OnBatchEvent): void;
}

/** `concurrency`: pages at once, at most. A process that ends takes its browsers along. */
export function startBrowsers(settings: Settings, concurrency: number): EarlyBrowsers {
  const untold: BatchEvent[] = [];
  let heard: OnBatchEvent = (event) => untold.push(event);
  const pool = createFarmBrowsers({
    ...browserSettings(settings),
    concurrency,
    onEvent: (event) => heard(event),
  });
  pool.userAgent().catch(() => undefined);
  return {
    pool,
    tell(onEvent) {
      heard = onEvent;
      for (const event of untold.splice(0)) onEvent(event);
    },
  };
}
