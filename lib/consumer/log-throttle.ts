import type { Clock } from './clock.js';

/** Lets one line per subject through and drops its repetitions for a while, so that what is retried for hours fills no log. */
export class LogThrottle {
  private readonly lastMs = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly intervalMs = 60_000,
  ) {}

  allows(subject: string): boolean {
    const now = this.clock.now();
    if (now - (this.lastMs.get(subject) ?? -Infinity) < this.intervalMs) return false;
    this.lastMs.set(subject, now);
    return true;
  }

  /** The subject is well again: its next trouble is news. */
  forget(subject: string): void {
    this.lastMs.delete(subject);
  }
}
