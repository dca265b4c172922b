import { ErrorCode } from '../protocol/error-codes.js';
import { array, between, defaulted, int16, int32, int64, nullableString, since, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';
import { answerPartitions, eachPartition } from './partition-answers.js';

/** OffsetCommit, 2 to 9. Left out: retention; what is committed stays until its topic or its group is deleted. */
export const offsetCommitApi = defineApi({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 9],
  flexibleFrom: 8,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(7, nullableString, null),
    retentionTimeMs: defaulted(between(2, 4, int64, -1), -1),
    topics: array({
      name: string,
      partitions: array({ partitionIndex: int32, committedOffset: int64, committedLeaderEpoch: defaulted(since(6, int32, -1), -1), committedMetadata: nullableString }),
    }),
  }),
  response: struct({
    throttleTimeMs: throttleTime(3),
    topics: array({ name: string, partitions: array({ partitionIndex: int32, errorCode: int16 }) }),
  }),
  handle({ groupId, generationId, memberId, groupInstanceId, topics }, context) {
    const { cluster, version } = context;
    const identity = { groupId, memberId, instanceId: groupInstanceId, generation: generationId };
    const unknownGroup = version >= 9 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION;
    const answers = answerPartitions(cluster, topics, (known) => {
      if (!answersForGroup(context, groupId)) return known.map(() => ErrorCode.NOT_COORDINATOR);
      return cluster.groups.commit(identity, known.map(committedOffset), unknownGroup);
    });
    return { topics: answers };
  },
  refuse: ({ topics }, error) => ({ topics: eachPartition(topics, () => error) }),
});

interface AskedCommit {
  readonly topic: string;
  readonly partitionIndex: number;
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
}

/** No metadata are empty ones. */
export function committedOffset({ topic, partitionIndex, committedOffset: offset, committedLeaderEpoch, committedMetadata }: AskedCommit) {
  return { topic, partition: partitionIndex, offset, leaderEpoch: committedLeaderEpoch, metadata: committedMetadata ?? '' };
}
