import { nameOf } from './decisions.js';
import type { TopicPartition } from './wire.js';

/** Counts the assignments of each partition to this process, and its seeks: what is delivered again has a higher one. */
export class Epochs {
  private readonly counts = new Map<string, number>();

  next(partition: TopicPartition): number {
    const name = nameOf(partition);
    const epoch = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, epoch);
    return epoch;
  }
}
