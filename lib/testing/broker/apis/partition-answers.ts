import type { Cluster } from '../cluster.js';
import { ErrorCode } from '../protocol/error-codes.js';

interface AskedTopic<P> {
  readonly name: string;
  readonly partitions: readonly P[];
}
interface AskedPartition {
  readonly partitionIndex: number;
}
export interface PartitionAnswer {
  readonly partitionIndex: number;
  readonly errorCode: number;
}

/**
 * An error code for each partition that a request names: `judge` is asked once for all that exist, and not at all where none
 * does.
 */
export function answerPartitions<P extends AskedPartition>(cluster: Pick<Cluster, 'topics'>, topics: readonly AskedTopic<P>[], judge: (known: readonly (P & { topic: string })[]) => readonly number[]) {
  const named = topics.flatMap(({ name, partitions }) => partitions.map((partition) => ({ ...partition, topic: name })));
  const known = named.filter(({ topic, partitionIndex }) => cluster.topics.partition(topic, partitionIndex) !== undefined);
  const codes = known.length === 0 ? [] : judge(known);
  const judged = new Map(known.map(({ topic, partitionIndex }, index) => [`${partitionIndex} ${topic}`, codes[index]]));
  return eachPartition(topics, ({ partitionIndex }, topic) => judged.get(`${partitionIndex} ${topic}`) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
}

export function eachPartition<P extends AskedPartition>(topics: readonly AskedTopic<P>[], errorCode: (partition: P, topic: string) => number): { name: string; partitions: PartitionAnswer[] }[] {
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partition) => ({ partitionIndex: partition.partitionIndex, errorCode: errorCode(partition, name) })),
  }));
}
