import { ErrorCode } from '../protocol/error-codes.js';
import type { Group } from './group.js';
import { type Answer, refusedSync, type SyncReply, type SyncRequest } from './group-requests.js';

/** What a SyncGroup does to a group. */
export function syncGroup(group: Group, request: SyncRequest, answer: Answer<SyncReply>): void {
  const refusal = refusalOf(group, request);
  if (refusal !== null) return answer(refusedSync(refusal));
  const member = group.members.get(request.memberId);
  if (member === undefined) return;
  group.synced(member.id);
  if (group.state === 'Stable') return answer(group.syncReply(member));
  member.syncing = answer;
  if (group.members.leaderId === member.id) group.assign(request.assignments);
}

function refusalOf(group: Group, request: SyncRequest): number | null {
  const refusal = group.refuses(request);
  if (refusal !== null) return refusal;
  const { protocolType, protocolName } = request;
  if (differs(protocolType, group.members.protocolType) || differs(protocolName, group.protocolName)) return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  return group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : null;
}

function differs(said: string | null, chosen: string | null): boolean {
  return said !== null && chosen !== null && said !== chosen;
}
