import { KafkaUnknownPartitionError } from './errors.js';
import type { PartitionTarget } from './pauses.js';

/** The topics that a group reads, and how many partitions each has; null while nobody has asked Kafka. */
export type KnownTopics = ReadonlyMap<string, number | null>;

/**
 * The partitions that a target names, by topic; without numbers for whole topics.
 * @throws KafkaUnknownPartitionError for what the group does not read
 */
export function targetsOf(groupId: string, known: KnownTopics, { topic, partitions }: PartitionTarget): ReadonlyMap<string, readonly number[] | undefined> {
  if (topic !== undefined) requireTopic(groupId, known, topic);
  const topics = topic === undefined ? [...known.keys()] : [topic];
  if (partitions === undefined) return new Map(topics.map((name) => [name, undefined]));
  for (const partition of partitions) requirePartition(groupId, known, topics, partition);
  return new Map(topics.map((name) => [name, partitions.filter((partition) => isThere(known, name, partition))]));
}

export function requireTopic(groupId: string, known: KnownTopics, topic: string): void {
  if (known.has(topic)) return;
  const names = [...known.keys()];
  const read = names.length === 0 ? 'it reads none' : `it reads ${names.join(', ')}`;
  throw new KafkaUnknownPartitionError(groupId, topic, `no handler of this process reads the topic ${String(topic)} (${read}). Topics are named as they are in Kafka`);
}

export function requirePartition(groupId: string, known: KnownTopics, topics: readonly string[], partition: number): void {
  const [topic] = topics.length === 1 ? topics : [undefined];
  if (!Number.isSafeInteger(partition) || partition < 0) {
    throw new KafkaUnknownPartitionError(groupId, topic, `${String(partition)} is not the number of a partition: they are whole numbers from 0 on`);
  }
  if (topics.some((name) => isThere(known, name, partition))) return;
  const counts = topics.map((name) => `${name} has ${known.get(name) ?? 0}`).join(', ');
  throw new KafkaUnknownPartitionError(groupId, topic, `there is no partition ${partition}: ${counts}, from 0 on`);
}

function isThere(known: KnownTopics, topic: string, partition: number): boolean {
  const count = known.get(topic);
  return count === null || (count !== undefined && partition < count);
}
