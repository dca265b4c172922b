import type { JoinReply } from '../groups/group-requests.js';
import { refusedJoin } from '../groups/group-requests.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { array, bool, bytes, defaulted, int16, int32, nullableString, since, string, struct, throttleTime, type Type } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';

/** Older clients know no null here. */
const protocolName: Type<string | null> = {
  read: (from) => from.string(),
  write: (to, name) => to.string(to.version < 7 ? (name ?? '') : name),
};

/** JoinGroup, 0 to 9, with required member ids and static members. Left out: a largest size of a group; the reason is read and not used. */
export const joinGroupApi = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleFrom: 6,
  request: struct({
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: since(1, int32, -1),
    memberId: string,
    groupInstanceId: since(5, nullableString, null),
    protocolType: string,
    protocols: array({ name: string, metadata: bytes }),
    reason: defaulted(since(8, nullableString, null), null),
  }),
  response: struct({
    throttleTimeMs: throttleTime(2),
    errorCode: int16,
    generationId: int32,
    protocolType: since(7, nullableString, null),
    protocolName,
    leader: string,
    skipAssignment: since(9, bool, false),
    memberId: string,
    members: array({ memberId: string, groupInstanceId: since(5, nullableString, null), metadata: bytes }),
  }),
  handle(request, context) {
    const { groupId, memberId, sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId, protocolType, protocols } = request;
    if (!answersForGroup(context, groupId)) return answer(refusedJoin(ErrorCode.NOT_COORDINATOR, memberId));
    const { cluster, version, clientId, clientHost } = context;
    const join = {
      groupId,
      memberId,
      instanceId: groupInstanceId,
      clientId,
      clientHost,
      sessionTimeoutMs,
      rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
      protocolType,
      protocols,
      mustJoinWithId: version >= 4,
      maySkipAssignment: version >= 9,
    };
    return new Promise((resolve) => cluster.groups.join(join, (reply) => resolve(answer(reply))));
  },
  refuse: ({ memberId }, error) => answer(refusedJoin(error, memberId)),
});

function answer({ generation, leaderId, members, ...reply }: JoinReply) {
  const joined = members.map(({ memberId, instanceId, metadata }) => ({ memberId, groupInstanceId: instanceId, metadata }));
  return { ...reply, generationId: generation, leader: leaderId, members: joined };
}
