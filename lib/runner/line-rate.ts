/** Lets one line per interval through and counts those between, so that a downstream that is away floods no log. */
export class LineRate {
  private lastMs = -Infinity;
  private suppressed = 0;

  constructor(
    private readonly intervalMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many were kept back since the last line that went through, or null where this one is kept back, too. */
  next(): number | null {
    const nowMs = this.now();
    if (nowMs - this.lastMs < this.intervalMs) {
      this.suppressed++;
      return null;
    }
    const { suppressed } = this;
    this.lastMs = nowMs;
    this.suppressed = 0;
    return suppressed;
  }
}
