import { ErrorCode } from '../protocol/error-codes.js';
import { array, defaulted, int16, nullableString, since, string, struct, throttleTime, until } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';

/** LeaveGroup, 0 to 5: one member, several from version 3 on. Left out: the reason is read and not used. */
export const leaveGroupApi = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: struct({
    groupId: string,
    memberId: until(2, string, ''),
    members: since(3, array({ memberId: string, groupInstanceId: nullableString, reason: defaulted(since(5, nullableString, null), null) }), []),
  }),
  response: struct({
    throttleTimeMs: throttleTime(1),
    errorCode: int16,
    members: since(3, array({ memberId: string, groupInstanceId: nullableString, errorCode: int16 }), []),
  }),
  handle({ groupId, memberId, members }, context) {
    if (!answersForGroup(context, groupId)) return refusal(ErrorCode.NOT_COORDINATOR);
    const leaving = context.version < 3 ? [{ memberId, groupInstanceId: null }] : members;
    const left = context.cluster.groups.leave(groupId, leaving.map((member) => ({ memberId: member.memberId, instanceId: member.groupInstanceId })));
    if (typeof left === 'number') return refusal(left);
    const answers = leaving.map((member, index) => ({ memberId: member.memberId, groupInstanceId: member.groupInstanceId, errorCode: left[index] }));
    return { errorCode: context.version < 3 ? left[0] : ErrorCode.NONE, members: answers };
  },
  refuse: (_request, error) => refusal(error),
});

function refusal(errorCode: number) {
  return { errorCode, members: [] };
}
