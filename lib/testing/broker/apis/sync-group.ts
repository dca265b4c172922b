import { refusedSync } from '../groups/group-requests.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { array, bytes, int16, int32, nullableString, since, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';

/** SyncGroup, 0 to 5. Left out: nothing. */
export const syncGroupApi = defineApi({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
    protocolType: since(5, nullableString, null),
    protocolName: since(5, nullableString, null),
    assignments: array({ memberId: string, assignment: bytes }),
  }),
  response: struct({
    throttleTimeMs: throttleTime(1),
    errorCode: int16,
    protocolType: since(5, nullableString, null),
    protocolName: since(5, nullableString, null),
    assignment: bytes,
  }),
  handle(request, context) {
    const { groupId, memberId, generationId, groupInstanceId, protocolType, protocolName, assignments } = request;
    const saysNot = protocolType === null || protocolName === null;
    if (context.version >= 5 && saysNot) return refusedSync(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    if (!answersForGroup(context, groupId)) return refusedSync(ErrorCode.NOT_COORDINATOR);
    const divided = new Map(assignments.map((each) => [each.memberId, each.assignment]));
    const sync = { groupId, memberId, instanceId: groupInstanceId, generation: generationId, protocolType, protocolName, assignments: divided };
    return new Promise((resolve) => context.cluster.groups.sync(sync, resolve));
  },
  refuse: (_request, error) => refusedSync(error),
});
