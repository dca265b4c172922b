import kafkajs, { type Message, type PartitionMetadata } from 'kafkajs';

/** Where kafkajs's producer, as Java's, puts a message: by its key, or anywhere. */
export function partitionOf(message: Message, topic: string, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId): PartitionMetadata => ({ partitionErrorCode: 0, partitionId, leader: 0, replicas: [], isr: [] }));
  return kafkajs.Partitioners.DefaultPartitioner()({ topic, message, partitionMetadata });
}
