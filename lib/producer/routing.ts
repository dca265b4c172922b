import type { PartitionedMessage, Partitioner } from './partitioner.js';
import type { PartitionLayout } from './produce-wire.js';
import type { UnroutedRecord } from './send-call.js';

/** @throws what the partitioner throws, and where it answers with no number */
export function partitionOf(partitioner: Partitioner, topic: string, record: UnroutedRecord, partitionMetadata: PartitionLayout[]): number {
  if (record.wanted !== undefined) return record.wanted;
  const partition = partitioner({ topic, partitionMetadata, message: messageOf(record) });
  if (!Number.isInteger(partition)) throw new TypeError(`The partitioner answered ${String(partition)}, which is no partition.`);
  return partition;
}

/** Only what a partitioner asks for is put together. */
function messageOf({ key, value, headers, timestampMs }: UnroutedRecord): PartitionedMessage {
  return {
    key,
    value,
    get timestamp() {
      return String(timestampMs);
    },
    get headers() {
      const named: Record<string, (Buffer | string)[]> = {};
      for (const { name, value: bytes } of headers) (named[name] ??= []).push(bytes ?? '');
      return named;
    },
  };
}
