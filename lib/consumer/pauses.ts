import type { TopicPartition } from './wire.js';

/** What a call means by leaving a name out: without `partitions` the whole topic, without `topic` everything that the group reads. */
export interface PartitionTarget {
  readonly topic?: string;
  readonly partitions?: readonly number[];
}

interface TopicPauses {
  readonly isPaused: boolean;
  /** Partitions of which the opposite is true. */
  readonly exceptions: Set<number>;
}

/**
 * What a person has paused in this process, whoever owns it at the moment. The last word about a partition counts: one that
 * comes (back) later, or is added to a topic, is paused if that word was 'pause'.
 */
export class Pauses {
  private isEverythingPaused = false;
  private readonly topics = new Map<string, TopicPauses>();

  isPaused({ topic, partition }: TopicPartition): boolean {
    const own = this.topics.get(topic);
    return own === undefined ? this.isEverythingPaused : own.isPaused !== own.exceptions.has(partition);
  }

  /** Those that were named by their number. */
  *named(): Generator<TopicPartition, void, undefined> {
    for (const [topic, { exceptions }] of this.topics) for (const partition of exceptions) yield { topic, partition };
  }

  setAll(isPaused: boolean): void {
    this.isEverythingPaused = isPaused;
    this.topics.clear();
  }

  set(isPaused: boolean, topic: string, partitions?: readonly number[]): void {
    if (partitions === undefined) {
      this.topics.set(topic, { isPaused, exceptions: new Set() });
      return;
    }
    const own = this.topics.get(topic) ?? { isPaused: this.isEverythingPaused, exceptions: new Set<number>() };
    this.topics.set(topic, own);
    for (const partition of partitions) {
      if (own.isPaused === isPaused) own.exceptions.delete(partition);
      else own.exceptions.add(partition);
    }
  }
}
