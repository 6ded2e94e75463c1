/** What happens to schedules and at the times that they name. Facts, in the past tense; times are ISO. */
export type NightEvent =
  /** A batch was begun, or one of that date gone on with; `lateMs` after its time. */
  | { kind: 'night.began'; target: string; batch: string; date: string; due: string; lateMs: number }
  /** No worker was there at the time, nor at `missed` more; it is run now, once, unless `skipped`. */
  | { kind: 'night.missed'; target: string; due: string; lateMs: number; missed: number; skipped: boolean }
  /** The target's last batch, `running`, has not ended. */
  | { kind: 'night.skipped'; target: string; due: string; running: string }
  | { kind: 'night.queued'; target: string; due: string; running: string }
  | { kind: 'night.cancelled-last'; target: string; due: string; running: string }
  /** No batch could be begun. */
  | { kind: 'night.failed'; target: string; due: string; reason: string }
  | {
      kind: 'schedule.changed';
      target: string;
      change: 'add' | 'change' | 'remove';
      cron?: string;
      tz?: string;
    }
  /** The target's file cannot be loaded: its schedule stays as it was. */
  | { kind: 'schedule.refused'; target: string; reason: string };

export type OnNightEvent = (event: NightEvent) => void;
