export interface StopSignals {
  /** Aborts at the first SIGINT or SIGTERM. */
  stopped: AbortSignal;
  /** From here on a signal ends the process. */
  release(): void;
}

/** The first signal drains, the second stops at once, a third kills. */
export function onStopSignals({ first, second }: { first: () => void; second: () => void }): StopSignals {
  const stopping = new AbortController();
  const onSignal = (): void => {
    if (stopping.signal.aborted) {
      release();
      second();
      return;
    }
    first();
    stopping.abort(new Error('stopping'));
  };
  const release = (): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { stopped: stopping.signal, release };
}
