import type { GroupDescription } from '../groups/group-requests.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, bool, bytes, defaulted, int16, int32, nullableString, since, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';

/** "Nobody has asked which operations are allowed." */
const NOT_ASKED = -2_147_483_648;
/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS and ALTER_CONFIGS: everything is allowed to everybody. */
const ALL_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

/** DescribeGroups, 0 to 6. Left out: nothing. */
export const describeGroupsApi = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleFrom: 5,
  request: struct({ groups: arrayOf(string), includeAuthorizedOperations: since(3, bool, false) }),
  response: struct({
    throttleTimeMs: throttleTime(1),
    groups: array({
      errorCode: int16,
      errorMessage: since(6, nullableString, null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: since(4, nullableString, null),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: defaulted(since(3, int32, NOT_ASKED), NOT_ASKED),
    }),
  }),
  handle({ groups, includeAuthorizedOperations }, context) {
    const described = groups.map((groupId) => {
      if (!answersForGroup(context, groupId)) return refusal(groupId, ErrorCode.NOT_COORDINATOR);
      const group = context.cluster.groups.describe(groupId);
      if (group.state === 'Dead' && context.version >= 6) return { ...refusal(groupId, ErrorCode.GROUP_ID_NOT_FOUND), groupState: 'Dead', errorMessage: `Group ${groupId} not found.` };
      return { ...description(group), authorizedOperations: includeAuthorizedOperations ? ALL_OPERATIONS : NOT_ASKED };
    });
    return { groups: described };
  },
  refuse: ({ groups }, error) => ({ groups: groups.map((groupId) => refusal(groupId, error)) }),
});

function description({ groupId, state, protocolType, protocolName, members }: GroupDescription) {
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    groupId,
    groupState: state,
    protocolType,
    protocolData: protocolName,
    members: members.map(({ memberId, instanceId, clientId, clientHost, metadata, assignment }) => ({
      memberId,
      groupInstanceId: instanceId,
      clientId,
      clientHost,
      memberMetadata: metadata,
      memberAssignment: assignment,
    })),
  };
}

function refusal(groupId: string, errorCode: number) {
  return { errorCode, errorMessage: null, groupId, groupState: '', protocolType: '', protocolData: '', members: [] };
}
