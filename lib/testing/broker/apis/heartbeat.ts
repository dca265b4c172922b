import { ErrorCode } from '../protocol/error-codes.js';
import { int16, int32, nullableString, since, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';

/** Heartbeat, 0 to 4. Left out: nothing. */
export const heartbeatApi = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleFrom: 4,
  request: struct({ groupId: string, generationId: int32, memberId: string, groupInstanceId: since(3, nullableString, null) }),
  response: struct({ throttleTimeMs: throttleTime(1), errorCode: int16 }),
  handle({ groupId, generationId, memberId, groupInstanceId }, context) {
    if (!answersForGroup(context, groupId)) return { errorCode: ErrorCode.NOT_COORDINATOR };
    return { errorCode: context.cluster.groups.heartbeat({ groupId, memberId, instanceId: groupInstanceId, generation: generationId }) };
  },
  refuse: (_request, errorCode) => ({ errorCode }),
});
