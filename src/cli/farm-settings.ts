import type { FarmOptions } from '../batch/farm.js';
import type { FarmBrowsersOptions } from '../batch/farm-browsers.js';
import type { Settings } from '../settings.js';

type Unsaid = 'concurrency' | 'onEvent';

/** Of a farm's browsers, what the settings say. */
export function browserSettings(settings: Settings): Omit<FarmBrowsersOptions, Unsaid> {
  const { home, frames, maxProcessMb, maxBrowserMb, maxMemoryMb } = settings;
  return { home, executablePath: settings.chromiumPath, frames, maxProcessMb, maxBrowserMb, maxMemoryMb };
}

/** Of a process of the farm, the same. */
export function farmSettings(settings: Settings): Omit<FarmOptions, Unsaid | 'onSnapshot' | 'onLink'> {
  const { redisUrl, targets, parquet, partitionMb, s3 } = settings;
  return {
    ...browserSettings(settings),
    ...{ redisUrl, targetsDir: targets, engine: parquet, partitionMb, s3 },
  };
}
