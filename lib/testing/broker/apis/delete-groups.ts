import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, int16, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';

/** DeleteGroups, 0 to 2. Left out: nothing. */
export const deleteGroupsApi = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleFrom: 2,
  request: struct({ groupsNames: arrayOf(string) }),
  response: struct({ throttleTimeMs: throttleTime(0), results: array({ groupId: string, errorCode: int16 }) }),
  handle({ groupsNames }, context) {
    const results = [...new Set(groupsNames)].map((groupId) => ({
      groupId,
      errorCode: answersForGroup(context, groupId) ? context.cluster.groups.delete(groupId) : ErrorCode.NOT_COORDINATOR,
    }));
    return { results };
  },
  refuse: ({ groupsNames }, errorCode) => ({ results: groupsNames.map((groupId) => ({ groupId, errorCode })) }),
});
