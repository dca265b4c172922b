import { ErrorCode } from '../protocol/error-codes.js';
import type { Group } from './group.js';
import type { LeavingMember } from './group-requests.js';

/** What a LeaveGroup does to a group: an answer for each of those that are to leave. */
export function leaveGroup(group: Group, leaving: readonly LeavingMember[]): number[] {
  const answers = leaving.map((member) => leave(group, member));
  if (!answers.includes(ErrorCode.NONE)) return answers;
  if (group.state !== 'Empty') group.rebalance();
  return answers;
}

function leave(group: Group, { memberId, instanceId }: LeavingMember): number {
  if (memberId !== '' && group.redeem(memberId)) return ErrorCode.NONE;
  const id = memberId === '' && instanceId !== null ? (group.members.staticId(instanceId) ?? '') : memberId;
  const refusal = group.refusesMember(id, instanceId);
  if (refusal !== null) return refusal;
  const member = group.members.get(id);
  if (member !== undefined) group.forget(member, ErrorCode.UNKNOWN_MEMBER_ID);
  return ErrorCode.NONE;
}
