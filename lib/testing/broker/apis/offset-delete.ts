import { ErrorCode } from '../protocol/error-codes.js';
import { array, int16, int32, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';
import { answerPartitions } from './partition-answers.js';

/** OffsetDelete, 0. Left out: nothing. */
export const offsetDeleteApi = defineApi({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  flexibleFrom: Infinity,
  request: struct({ groupId: string, topics: array({ name: string, partitions: array({ partitionIndex: int32 }) }) }),
  response: struct({
    errorCode: int16,
    throttleTimeMs: throttleTime(0),
    topics: array({ name: string, partitions: array({ partitionIndex: int32, errorCode: int16 }) }),
  }),
  handle({ groupId, topics }, context) {
    const { cluster } = context;
    if (!answersForGroup(context, groupId)) return refusal(ErrorCode.NOT_COORDINATOR);
    const refused = cluster.groups.refusesDeletingOffsets(groupId);
    if (refused !== null) return refusal(refused);
    const answers = answerPartitions(cluster, topics, (known) => cluster.groups.deleteOffsets(groupId, known.map(({ topic, partitionIndex }) => ({ topic, partition: partitionIndex }))));
    return { errorCode: ErrorCode.NONE, topics: answers };
  },
  refuse: (_request, error) => refusal(error),
});

function refusal(errorCode: number) {
  return { errorCode, topics: [] };
}
