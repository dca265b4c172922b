import type { PartitionQueue } from '../engine/partition-queue.js';

interface Seen {
  readonly completions: number;
  readonly atMs: number;
}

/**
 * When each partition last completed a record: its counter is looked at with every heartbeat, so that no record has to ask for
 * the time.
 */
export class ProgressWatch {
  private readonly seen = new WeakMap<PartitionQueue, Seen>();

  look(queues: Iterable<PartitionQueue>, nowMs: number): void {
    for (const queue of queues) this.at(queue, nowMs);
  }

  /** At the latest then; −Infinity where it has completed nothing. */
  lastMs(queue: PartitionQueue, nowMs: number): number {
    return this.at(queue, nowMs).atMs;
  }

  private at(queue: PartitionQueue, nowMs: number): Seen {
    const { completions } = queue;
    const before = this.seen.get(queue);
    if (before !== undefined && before.completions === completions) return before;
    const now: Seen = { completions, atMs: completions === 0 ? -Infinity : nowMs };
    this.seen.set(queue, now);
    return now;
  }
}
