/** `thresh worker`: joins the farm and works until stopped. */
import type { BatchEvent } from '../batch/events.js';
import { type Farm, startFarm } from '../batch/farm.js';
import { openShare } from '../batch/share.js';
import type { NightEvent } from '../schedule/events.js';
import { startNights } from '../schedule/nights.js';
import type { Settings } from '../settings.js';
import { createReporter } from '../telemetry/reporter.js';
import { alertsOf } from './alerts.js';
import { ALERTS_MS, DRAIN_MS } from './carry-batch.js';
import { cleanDaily } from './clean.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { farmSettings } from './farm-settings.js';
import { serveHealth } from './health.js';
import { pagesAtOnce } from './pages-at-once.js';
import { outFolder } from './run.js';
import { onStopSignals } from './stop-signals.js';
import { tracesOf } from './traces.js';

export interface WorkerOptions {
  targets?: string[];
  concurrency?: number;
  /** False: what is scheduled is left to other workers. */
  schedule?: boolean;
  /** 0: any free one. */
  healthPort?: number;
  /** Default: loopback. */
  healthHost?: string;
}

export async function worker(options: WorkerOptions, settings: Settings): Promise<ExitCode> {
  const reporter = createReporter({
    stream: process.stderr,
    logLevel: settings.logLevel,
    unicode: settings.unicode,
  });
  const alerts = alertsOf(settings, reporter.event);
  const traces = await tracesOf(settings, reporter.event);
  const tell = (event: BatchEvent | NightEvent): void => {
    reporter.event(event);
    alerts.event(event);
    traces.event(event);
  };
  let farm: Farm | undefined;
  let stopping = false;
  const health =
    options.healthPort === undefined
      ? undefined
      : await serveHealth({ port: options.healthPort, host: options.healthHost }, () => ({
          redis: farm?.redis.client.status ?? 'not yet',
          stopping,
        }));
  if (health !== undefined) reporter.note(`health at ${health.url}`);
  const share = await openShare(settings.store, settings);
  farm = await startFarm({
    ...farmSettings(settings),
    share,
    ...pagesAtOnce(options.concurrency),
    targets: options.targets ?? [],
    onEvent: tell,
    onSnapshot: (snapshot) => {
      reporter.snapshot(snapshot);
      alerts.snapshot(snapshot);
    },
    onLink: (up) => reporter.note(up ? 'Redis is back' : 'Redis is away; waiting for it'),
  });
  await alerts.attach(farm.redis);
  const nights =
    options.schedule === false
      ? undefined
      : await startNights({
          home: settings.home,
          redis: farm.redis,
          share,
          outOf: (deliverTo) => outFolder(undefined, deliverTo, settings),
          targetsDir: settings.targets,
          targets: options.targets ?? [],
          onEvent: tell,
        });
  const signals = onStopSignals({
    first: () => reporter.note('stopping: pages in flight may end; a second signal stops at once'),
    second: () => farm?.stopNow(),
  });
  const beside = share === undefined ? '' : `, with the store ${share.where}`;
  reporter.note(`working for the farm at ${farm.redis.where}${beside}`);
  void cleanDaily(settings, reporter.event, signals.stopped);
  await new Promise<void>((resolve) =>
    signals.stopped.addEventListener('abort', () => resolve(), { once: true }),
  );
  stopping = true;
  await nights?.close();
  await farm.finish(DRAIN_MS);
  await Promise.all([alerts.close(ALERTS_MS), traces.close()]);
  await farm.stop(0);
  share?.close();
  await health?.close();
  signals.release();
  reporter.done('stopped');
  return EXIT.ok;
}
