import type { Clock } from './clock.js';

/** One timer for all of the engine's deadlines. A wish for later than the timer is due needs none: the engine asks again then. */
export class Deadlines {
  private dueMs = Infinity;
  private cancel: (() => void) | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly tick: () => void,
  ) {}

  wakeAt(dueMs: number): void {
    if (dueMs >= this.dueMs) return;
    this.cancel?.();
    this.dueMs = dueMs;
    this.cancel = this.clock.later(Math.max(0, dueMs - this.clock.now()), () => {
      this.cancel = null;
      this.dueMs = Infinity;
      this.tick();
    });
  }

  /** Nothing is due any more: a timer that is left would only keep the process alive. */
  cancelAll(): void {
    this.cancel?.();
    this.cancel = null;
    this.dueMs = Infinity;
  }
}
