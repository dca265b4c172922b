import type { PartitionLayout } from './produce-wire.js';
import { murmur2 } from './murmur2.js';

/** kafkajs's `ICustomPartitioner` makes one. */
export type Partitioner = (asked: { topic: string; partitionMetadata: PartitionLayout[]; message: PartitionedMessage }) => number;

/** A message as far as a partitioner may want it. */
export interface PartitionedMessage {
  key?: string | Buffer | null;
  value: Buffer | null;
  headers?: Record<string, string | Buffer | (string | Buffer)[] | undefined>;
  partition?: number;
  timestamp?: string;
}

/**
 * As kafkajs's default and Kafka's own: a record with a key goes where its hash says, those without one to each partition that has
 * a leader in turn.
 */
export function defaultPartitioner(): Partitioner {
  const turns = new Map<string, number>();
  const led = new WeakMap<PartitionLayout[], PartitionLayout[]>();
  const candidatesOf = (partitions: PartitionLayout[]): PartitionLayout[] => {
    const known = led.get(partitions);
    if (known !== undefined) return known;
    const withLeader = partitions.filter(({ leader }) => leader >= 0);
    const candidates = withLeader.length > 0 ? withLeader : partitions;
    led.set(partitions, candidates);
    return candidates;
  };
  return ({ topic, partitionMetadata, message }) => {
    if (message.key !== null && message.key !== undefined) {
      const key = typeof message.key === 'string' ? Buffer.from(message.key) : message.key;
      return (murmur2(key) & 0x7fffffff) % partitionMetadata.length;
    }
    const candidates = candidatesOf(partitionMetadata);
    const turn = turns.get(topic) ?? Math.floor(Math.random() * 0x7fffffff);
    turns.set(topic, turn + 1);
    return candidates[turn % candidates.length]?.partitionId ?? 0;
  };
}
