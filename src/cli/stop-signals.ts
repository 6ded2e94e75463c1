export interface StopSignals {
  /** Aborts at the first SIGINT or SIGTERM. */
  stopped: AbortSignal;
  release(): void;
}

/** The first signal drains, the second stops at once. */
export function onStopSignals({ first, second }: { first: () => void; second: () => void }): StopSignals {
  const stopping = new AbortController();
  const onSignal = (): void => {
    if (stopping.signal.aborted) {
      second();
      return;
    }
    first();
    stopping.abort(new Error('stopping'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    stopped: stopping.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
