import { ErrorCode } from '../protocol/error-codes.js';
import { array, defaulted, int16, int32, int64, nullableString, since, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';
import { committedOffset } from './offset-commit.js';
import { answerPartitions, eachPartition } from './partition-answers.js';

/** TxnOffsetCommit, 0 to 4. Left out: 5, which adds the group to the transaction by itself (`transaction.version` 2). */
export const txnOffsetCommitApi = defineApi({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 4],
  flexibleFrom: 3,
  request: struct({
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: defaulted(since(3, int32, -1), -1),
    memberId: defaulted(since(3, string, ''), ''),
    groupInstanceId: defaulted(since(3, nullableString, null), null),
    topics: array({
      name: string,
      partitions: array({ partitionIndex: int32, committedOffset: int64, committedLeaderEpoch: defaulted(since(2, int32, -1), -1), committedMetadata: nullableString }),
    }),
  }),
  response: struct({
    throttleTimeMs: throttleTime(0),
    topics: array({ name: string, partitions: array({ partitionIndex: int32, errorCode: int16 }) }),
  }),
  handle(request, context) {
    const { transactionalId, groupId, producerId, generationId, memberId, groupInstanceId, topics } = request;
    const { groups, transactions } = context.cluster;
    const answers = answerPartitions(context.cluster, topics, (known) => {
      if (groupId === '') return known.map(() => ErrorCode.INVALID_GROUP_ID);
      if (!answersForGroup(context, groupId)) return known.map(() => ErrorCode.NOT_COORDINATOR);
      const refusal = transactions.admitOffsets(transactionalId, request, groupId);
      if (refusal !== ErrorCode.NONE) return known.map(() => refusal);
      return groups.commitInTransaction({ groupId, memberId, instanceId: groupInstanceId, generation: generationId }, producerId, known.map(committedOffset));
    });
    return { topics: answers };
  },
  refuse: ({ topics }, error) => ({ topics: eachPartition(topics, () => error) }),
});
