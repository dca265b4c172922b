import type { Api } from '../apis/api.js';
import { deleteGroupsApi } from '../apis/delete-groups.js';
import { describeGroupsApi } from '../apis/describe-groups.js';
import { heartbeatApi } from '../apis/heartbeat.js';
import { joinGroupApi } from '../apis/join-group.js';
import { leaveGroupApi } from '../apis/leave-group.js';
import { listGroupsApi } from '../apis/list-groups.js';
import { offsetCommitApi } from '../apis/offset-commit.js';
import { offsetDeleteApi } from '../apis/offset-delete.js';
import { offsetFetchApi } from '../apis/offset-fetch.js';
import { syncGroupApi } from '../apis/sync-group.js';

/**
 * The APIs of classic consumer groups. Left out: ConsumerGroupHeartbeat and ConsumerGroupDescribe of the newer groups
 * (`group.protocol=consumer`); clients that would describe a group with them fall back to DescribeGroups.
 */
export const groupApis: readonly Api[] = [
  joinGroupApi,
  syncGroupApi,
  heartbeatApi,
  leaveGroupApi,
  offsetCommitApi,
  offsetFetchApi,
  offsetDeleteApi,
  describeGroupsApi,
  listGroupsApi,
  deleteGroupsApi,
];
