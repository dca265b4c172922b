import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, int16, since, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForGroup } from './coordinator-check.js';

const TYPE = 'classic';

/** ListGroups, 0 to 5, the groups that the broker coordinates, by state and type. Left out: other types than `classic`. */
export const listGroupsApi = defineApi({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexibleFrom: 3,
  request: struct({ statesFilter: since(4, arrayOf(string), []), typesFilter: since(5, arrayOf(string), []) }),
  response: struct({
    throttleTimeMs: throttleTime(1),
    errorCode: int16,
    groups: array({ groupId: string, protocolType: string, groupState: since(4, string, ''), groupType: since(5, string, '') }),
  }),
  handle({ statesFilter, typesFilter }, context) {
    const states = statesFilter.map((state) => state.toLowerCase());
    const isWanted = typesFilter.length === 0 || typesFilter.some((type) => type.toLowerCase() === TYPE);
    const groups = context.cluster.groups
      .list()
      .filter(({ groupId, state }) => isWanted && answersForGroup(context, groupId) && (states.length === 0 || states.includes(state.toLowerCase())))
      .map(({ groupId, protocolType, state }) => ({ groupId, protocolType, groupState: state, groupType: TYPE }));
    return { errorCode: ErrorCode.NONE, groups };
  },
  refuse: (_request, errorCode) => ({ errorCode, groups: [] }),
});
