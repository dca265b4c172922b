import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import { array, arrayOf, int16, int32, int64, string, struct, throttleTime, type Written } from '../protocol/types.js';
import { defineApi, type RequestContext } from './api.js';
import { leadershipError } from './leadership.js';

/** "All that there is." */
const UP_TO_THE_END = -1;

const partitionResponse = struct({ index: int32, lowWatermark: int64, errorCode: int16 });
type PartitionAnswer = Written<typeof partitionResponse>;

/** DeleteRecords, 0 to 2. The log starts at the offset from then on; batches that end in front of it are gone. */
export const deleteRecords = defineApi({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexibleFrom: 2,
  request: struct({ topics: array({ name: string, partitions: array({ index: int32, offset: int64 }) }), timeoutMs: int32 }),
  response: struct({ throttleTimeMs: throttleTime(0), topics: array({ name: string, partitions: arrayOf(partitionResponse) }) }),
  handle: ({ topics }, context) => ({
    topics: topics.map(({ name, partitions }) => ({ name, partitions: partitions.map(({ index, offset }) => remove(name, index, offset, context)) })),
  }),
  refuse: ({ topics }, error) => ({
    topics: topics.map(({ name, partitions }) => ({ name, partitions: partitions.map(({ index }) => failed(index, error)) })),
  }),
});

function remove(topic: string, index: number, offset: number, { cluster, node }: RequestContext): PartitionAnswer {
  const partition = cluster.topics.partition(topic, index);
  if (partition === undefined) return failed(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const leadership = leadershipError(node, partition);
  if (leadership !== ErrorCode.NONE) return failed(index, leadership);
  try {
    partition.deleteBefore(offset === UP_TO_THE_END ? partition.log.endOffset : offset);
    return { index, lowWatermark: partition.log.startOffset, errorCode: ErrorCode.NONE };
  } catch (error) {
    if (error instanceof KafkaError) return failed(index, error.code);
    throw error;
  }
}

function failed(index: number, errorCode: number): PartitionAnswer {
  return { index, lowWatermark: -1, errorCode };
}
