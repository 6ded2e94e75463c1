/**
 * How many pages of a target this process has at the target at once. A page's job is active in its queue for longer than
 * that: it is taken, its rows are synced to disk, it is settled. Counted by their jobs alone, of four pages that a target
 * bears about three would be there. So where this process is the only one that works for the target, its queue hands out
 * one page more than the limit, and that page waits here until another has left the target. Pages that are fetched without a browser
 * are at the target for as short as it takes to settle them: then as many more as the limit is.
 */
export interface StartGate {
  /** Resolves when the page may go to the target; what it resolves to is called when it has left it. Aborted, it lets pass. */
  enter(signal: AbortSignal): Promise<() => void>;
  /** So many at once, by this process's own slots. */
  resize(slots: number): void;
  /** By whoever governs the target from within this process. */
  govern(orders: GateOrders): void;
  /** Nobody passes before this time, epoch ms; never cuts a longer wait short. */
  holdUntil(atMs: number): void;
  /** Pages that the queue hands out beyond the limit. */
  ahead(): number;
  inside(): number;
}

export interface GateOrders {
  /** Pages at the target at once; Infinity: the queue alone bounds them. */
  limit: number;
  ahead: number;
}

/** A page's place among those that are at the target. */
export interface Place {
  /** Resolves when the page may go there; at once when it is there already. */
  enter(): Promise<void>;
  /** The target has nothing more to do with the page, for now. */
  leave(): void;
}

/** `enter`: as of a StartGate. */
export function createPlace(enter: () => Promise<() => void>): Place {
  let leave: (() => void) | undefined;
  return {
    async enter() {
      leave ??= await enter();
    },
    leave() {
      leave?.();
      leave = undefined;
    },
  };
}

/** `slots`: of this process, to begin with. */
export function createStartGate(slots: number): StartGate {
  const waiting = new Set<() => void>();
  let orders: GateOrders = { limit: Number.POSITIVE_INFINITY, ahead: 0 };
  let most = slots;
  let inside = 0;
  let heldUntilMs = 0;
  let timer: NodeJS.Timeout | undefined;

  function letIn(): void {
    const waitMs = heldUntilMs - Date.now();
    if (waitMs > 0) {
      clearTimeout(timer);
      timer = setTimeout(letIn, waitMs).unref();
      return;
    }
    for (const pass of waiting) {
      if (inside >= Math.min(most, orders.limit)) return;
      pass();
    }
  }

  return {
    enter(signal) {
      return new Promise((resolve) => {
        const pass = (): void => {
          waiting.delete(pass);
          signal.removeEventListener('abort', pass);
          inside += 1;
          let left = false;
          resolve(() => {
            if (left) return;
            left = true;
            inside -= 1;
            letIn();
          });
        };
        waiting.add(pass);
        if (signal.aborted) return pass();
        signal.addEventListener('abort', pass, { once: true });
        letIn();
      });
    },
    resize(pages) {
      most = pages;
      letIn();
    },
    govern(now) {
      orders = now;
      letIn();
    },
    holdUntil(atMs) {
      heldUntilMs = Math.max(heldUntilMs, atMs);
    },
    ahead: () => orders.ahead,
    inside: () => inside,
  };
}
