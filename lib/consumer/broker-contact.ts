/** Answers that are at most so many heartbeats apart leave no silence between them. */
const HEARTBEATS_APART = 3;
const MOST_SILENCES = 1000;

interface Silence {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * When brokers answered, so that health can tell how old something is without the time in which no broker did.
 *
 * ```
 *   answers   |  | |  |  |                            |  |  | |  |
 *   counts    ============                            ============
 *                         ^------- a silence -------^            ^ nor what comes after the last answer
 * ```
 *
 * Not even the beginning of an outage counts, and its end brings nothing back. What hangs while brokers answer does grow old:
 * heartbeats have a timer of their own.
 */
export class BrokerContact {
  private readonly toleranceMs: number;
  private readonly silences: Silence[] = [];
  private firstAtMs = Infinity;
  private lastAtMs = -Infinity;
  private coordinatorMissedAtMs = -Infinity;

  constructor(heartbeatIntervalMs: number) {
    this.toleranceMs = HEARTBEATS_APART * heartbeatIntervalMs;
  }

  answered(nowMs: number): void {
    if (this.firstAtMs === Infinity) this.firstAtMs = nowMs;
    else if (nowMs - this.lastAtMs > this.toleranceMs) this.noteSilence({ fromMs: this.lastAtMs, toMs: nowMs });
    this.lastAtMs = nowMs;
  }

  /** A request to the coordinator found nobody who could serve it, whoever else answers. */
  coordinatorMissed(nowMs: number): void {
    this.coordinatorMissedAtMs = nowMs;
  }

  /** Milliseconds since then, up to the last answer and without the silences. */
  ageOf(sinceMs: number): number {
    const fromMs = Math.max(sinceMs, this.firstAtMs);
    let ageMs = this.lastAtMs - fromMs;
    for (let index = this.silences.length - 1; index >= 0; index--) {
      const silence = this.silences[index];
      if (silence.toMs <= fromMs) break;
      ageMs -= silence.toMs - Math.max(silence.fromMs, fromMs);
    }
    return Math.max(0, ageMs);
  }

  /** The same for what only the coordinator can bring to an end: it counts from the last time that there was none. */
  ageAtCoordinator(sinceMs: number): number {
    return this.ageOf(Math.max(sinceMs, this.coordinatorMissedAtMs));
  }

  private noteSilence(silence: Silence): void {
    this.silences.push(silence);
    if (this.silences.length <= MOST_SILENCES) return;
    // The two oldest become one, with what lies between them.
    const [first, second] = this.silences.splice(0, 2);
    this.silences.unshift({ fromMs: first.fromMs, toMs: second.toMs });
  }
}
