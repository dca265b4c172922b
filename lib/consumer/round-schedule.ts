import type { Clock } from './clock.js';

/** When the next round of a membership is due, and why. */
export class RoundSchedule {
  private wish: string | null = null;
  private hasEnded = false;
  private wake: (() => void) | null = null;
  private cancelDelayed: (() => void) | null = null;
  private cancelPause: (() => void) | null = null;

  constructor(private readonly clock: Clock) {}

  /** Null while nothing is wished. */
  get reason(): string | null {
    return this.wish;
  }

  /** At once, or after the round that is under way. The first of several reasons counts. */
  want(reason: string): void {
    this.wish ??= reason;
    this.wake?.();
  }
  /** Within this time, together with whatever else is wished until then. */
  wantWithin(delayMs: number, reason: string): void {
    this.cancelDelayed ??= this.clock.later(delayMs, () => this.want(reason));
  }
  /** What is wished from now on needs another round. */
  served(): void {
    this.wish = null;
    this.cancelDelayed?.();
    this.cancelDelayed = null;
  }

  /** Resolves when a round is wished for, or never will be. */
  async due(): Promise<void> {
    if (this.wish === null && !this.hasEnded) await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = null;
  }
  /** Between a round that failed and the next one. */
  async pause(delayMs: number): Promise<void> {
    if (delayMs === 0 || this.hasEnded) return;
    await new Promise<void>((resolve) => {
      const cancel = this.clock.later(delayMs, resolve);
      this.cancelPause = () => {
        cancel();
        resolve();
      };
    });
    this.cancelPause = null;
  }

  end(): void {
    this.hasEnded = true;
    this.cancelDelayed?.();
    this.wake?.();
    this.cancelPause?.();
  }
}
