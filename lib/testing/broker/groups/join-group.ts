import { randomUUID } from 'node:crypto';
import { ErrorCode } from '../protocol/error-codes.js';
import type { Group } from './group.js';
import { GroupMember } from './group-member.js';
import { type Answer, type JoinReply, type JoinRequest, refusedJoin, refusedSync } from './group-requests.js';

/** What a JoinGroup does to a group. */
export function joinGroup(group: Group, request: JoinRequest, answer: Answer<JoinReply>): void {
  if (!accepts(group, request)) return answer(refusedJoin(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, request.memberId));
  if (request.memberId !== '') return joinWithId(group, request, answer);
  if (request.instanceId !== null) return joinAsInstance(group, request, request.instanceId, answer);
  const memberId = `${request.clientId}-${randomUUID()}`;
  if (!request.mustJoinWithId) return admit(group, memberId, request, answer);
  group.promise(memberId, request.sessionTimeoutMs);
  answer(refusedJoin(ErrorCode.MEMBER_ID_REQUIRED, memberId));
}

function accepts({ state, members }: Group, { protocolType, protocols }: JoinRequest): boolean {
  return state === 'Empty' ? protocolType !== '' && protocols.length > 0 : members.accepts(protocolType, protocols);
}

function admit(group: Group, memberId: string, request: JoinRequest, answer: Answer<JoinReply>): void {
  const member = new GroupMember(memberId, request);
  member.joining = answer;
  group.admit(member, request.protocolType);
}

function joinWithId(group: Group, request: JoinRequest, answer: Answer<JoinReply>): void {
  if (request.instanceId === null && group.redeem(request.memberId)) return admit(group, request.memberId, request, answer);
  const refusal = group.refusesMember(request.memberId, request.instanceId);
  if (refusal !== null) return answer(refusedJoin(refusal, request.memberId));
  const member = group.members.get(request.memberId);
  if (member === undefined) return;
  if (missedItsReply(group, member, request)) return answer(group.joinReply(member));
  rejoin(group, member, request, answer);
}

/**
 * Who says in a round that is decided what it has said before has not got the answer. Only the leader of a stable group means
 * it: what is to be divided may have changed, though nobody's metadata has.
 */
function missedItsReply({ state, members }: Group, member: GroupMember, { protocols }: JoinRequest): boolean {
  const isDecided = state === 'CompletingRebalance' || (state === 'Stable' && members.leaderId !== member.id);
  return isDecided && member.offers(protocols);
}

function rejoin(group: Group, member: GroupMember, request: JoinRequest, answer: Answer<JoinReply>): void {
  member.update(request);
  member.joining = answer;
  group.rebalance();
}

function joinAsInstance(group: Group, request: JoinRequest, instanceId: string, answer: Answer<JoinReply>): void {
  const memberId = `${instanceId}-${randomUUID()}`;
  const predecessorId = group.members.staticId(instanceId);
  const predecessor = predecessorId === undefined ? undefined : group.members.get(predecessorId);
  if (predecessor === undefined) return admit(group, memberId, request, answer);
  const wasLeader = group.members.leaderId === predecessor.id;
  const successor = succeed(group, predecessor, memberId, request, answer);
  if (group.state === 'PreparingRebalance') return group.rebalance();
  // What the leader divides in COMPLETING it divides by the predecessor's id: the successor would get nothing.
  if (group.state === 'CompletingRebalance' || group.members.selectProtocol() !== group.protocolName) return group.prepareRebalance();
  group.persist();
  const reply = group.joinReply(successor);
  const { maySkipAssignment } = request;
  successor.answerJoin({
    ...reply,
    // An older leader would divide anew and wait for a rebalance that is not there: it is told that another one leads.
    leaderId: wasLeader && !maySkipAssignment ? predecessor.id : reply.leaderId,
    skipAssignment: wasLeader && maySkipAssignment,
    members: maySkipAssignment ? reply.members : [],
  });
}

/** A static member that is back has a new id, and its predecessor's place and assignment. */
function succeed(group: Group, predecessor: GroupMember, memberId: string, request: JoinRequest, answer: Answer<JoinReply>): GroupMember {
  predecessor.cancelSession();
  predecessor.answerJoin(refusedJoin(ErrorCode.FENCED_INSTANCE_ID, predecessor.id));
  predecessor.answerSync(refusedSync(ErrorCode.FENCED_INSTANCE_ID));
  const successor = new GroupMember(memberId, request);
  successor.assignment = predecessor.assignment;
  successor.isNew = false;
  group.members.replace(predecessor, successor);
  group.keepAlive(successor);
  successor.joining = answer;
  return successor;
}
