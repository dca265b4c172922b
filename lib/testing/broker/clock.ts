import { type Clock, systemClock } from '../../consumer/clock.js';

/** Time as the broker sees it. Tests of what waits for time hand in one that they move themselves. */
export interface BrokerClock extends Pick<Clock, 'now' | 'later'> {
  /** Milliseconds since 1970, for time stamps. */
  epochMs(): number;
}

/** The machine's time. `stop` cancels everything that still waits, so that a stopped broker keeps nothing alive. */
export class SystemClock implements BrokerClock {
  private readonly waiting = new Set<() => void>();

  now(): number {
    return systemClock.now();
  }

  epochMs(): number {
    return Date.now();
  }

  later(delayMs: number, work: () => void): () => void {
    const cancelTimer = systemClock.later(delayMs, () => {
      this.waiting.delete(cancel);
      work();
    });
    const cancel = () => {
      this.waiting.delete(cancel);
      cancelTimer();
    };
    this.waiting.add(cancel);
    return cancel;
  }

  stop(): void {
    for (const cancel of [...this.waiting]) cancel();
  }
}
