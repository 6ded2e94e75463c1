/** What a command's exit code says; scripts depend on it. */
export const EXIT = {
  delivered: 0,
  ok: 0,
  failed: 1,
  /** Wrong usage, or a wrong target. */
  usage: 2,
  /** Held by the gate. */
  held: 3,
  /** Interrupted; the same command goes on. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
