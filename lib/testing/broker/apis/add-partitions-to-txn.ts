import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, int16, int32, int64, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForTransaction, fencedAs } from './coordinator-check.js';

/** AddPartitionsToTxn, 0 to 3. Left out: 4 and 5, which brokers send to each other. */
export const addPartitionsToTxnApi = defineApi({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 3],
  flexibleFrom: 3,
  request: struct({ transactionalId: string, producerId: int64, producerEpoch: int16, topics: array({ name: string, partitions: arrayOf(int32) }) }),
  response: struct({
    throttleTimeMs: throttleTime(0),
    results: array({ name: string, resultsByPartition: array({ partitionIndex: int32, partitionErrorCode: int16 }) }),
  }),
  handle(request, context) {
    const { transactionalId, topics } = request;
    const { cluster, version } = context;
    const exists = (topic: string, partition: number): boolean => cluster.topics.partition(topic, partition) !== undefined;
    // One partition that does not exist, and none is added.
    if (topics.some(({ name, partitions }) => partitions.some((partition) => !exists(name, partition)))) {
      return results(topics, (topic, partition) => (exists(topic, partition) ? ErrorCode.OPERATION_NOT_ATTEMPTED : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION));
    }
    if (!answersForTransaction(context, transactionalId)) return results(topics, () => ErrorCode.NOT_COORDINATOR);
    const named = topics.flatMap(({ name, partitions }) => partitions.map((partition) => ({ topic: name, partition })));
    const errorCode = cluster.transactions.addPartitions(transactionalId, request, named);
    return results(topics, () => fencedAs(errorCode, version >= 2));
  },
  refuse: ({ topics }, error) => results(topics, () => error),
});

interface AskedTopic {
  readonly name: string;
  readonly partitions: readonly number[];
}

function results(topics: readonly AskedTopic[], errorCode: (topic: string, partition: number) => number) {
  return {
    results: topics.map(({ name, partitions }) => ({
      name,
      resultsByPartition: partitions.map((partition) => ({ partitionIndex: partition, partitionErrorCode: errorCode(name, partition) })),
    })),
  };
}
