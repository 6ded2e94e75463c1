/** Ends what one page's work has begun beside it. An AbortController would do, and costs twenty times as much for each page. */
export interface Stop {
  readonly isStopped: boolean;
  whenStopped(done: () => void): void;
}

export function createStop(): Stop & { stop(): void } {
  const waiting: (() => void)[] = [];
  let isStopped = false;
  return {
    get isStopped() {
      return isStopped;
    },
    whenStopped(done) {
      if (isStopped) done();
      else waiting.push(done);
    },
    stop() {
      isStopped = true;
      for (const done of waiting.splice(0)) done();
    },
  };
}
