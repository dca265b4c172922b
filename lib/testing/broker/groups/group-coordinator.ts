import type { BrokerClock } from '../clock.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { commitBytes } from './commit-size.js';
import { describeGroup, NO_GROUP } from './describe-group.js';
import { Group } from './group.js';
import { type CommittedOffset, type FetchedOffset, GroupOffsets, type PartitionName } from './group-offsets.js';
import { type Answer, type GroupDescription, type JoinReply, type JoinRequest, type LeavingMember, type MemberIdentity, refusedJoin, refusedSync, type SyncReply, type SyncRequest } from './group-requests.js';
import { GROUP_SETTINGS, type GroupSettings } from './group-settings.js';
import { joinGroup } from './join-group.js';
import { leaveGroup } from './leave-group.js';
import { subscribedTopics } from './subscription.js';
import { syncGroup } from './sync-group.js';

interface KeptGroup {
  group: Group;
  readonly offsets: GroupOffsets;
}

/** The classic groups of a cluster, whichever virtual broker answers for them. That it is the right one is for the APIs to ask. */
export class GroupCoordinator {
  private readonly clock: Pick<BrokerClock, 'later'>;
  private readonly groups = new Map<string, KeptGroup>();

  constructor(
    { clock }: { readonly clock: Pick<BrokerClock, 'later'> },
    readonly settings: GroupSettings = GROUP_SETTINGS,
  ) {
    this.clock = clock;
  }

  join(request: JoinRequest, answer: Answer<JoinReply>): void {
    const { groupId, memberId, sessionTimeoutMs } = request;
    if (groupId === '') return answer(refusedJoin(ErrorCode.INVALID_GROUP_ID, memberId));
    if (sessionTimeoutMs < this.settings.minSessionTimeoutMs || sessionTimeoutMs > this.settings.maxSessionTimeoutMs) {
      return answer(refusedJoin(ErrorCode.INVALID_SESSION_TIMEOUT, memberId));
    }
    const kept = memberId === '' ? this.found(groupId) : this.groups.get(groupId);
    if (kept === undefined) return answer(refusedJoin(ErrorCode.UNKNOWN_MEMBER_ID, memberId));
    joinGroup(kept.group, request, answer);
  }

  sync(request: SyncRequest, answer: Answer<SyncReply>): void {
    if (request.groupId === '') return answer(refusedSync(ErrorCode.INVALID_GROUP_ID));
    const kept = this.groups.get(request.groupId);
    if (kept === undefined) return answer(refusedSync(ErrorCode.UNKNOWN_MEMBER_ID));
    syncGroup(kept.group, request, answer);
  }

  heartbeat(identity: MemberIdentity): number {
    if (identity.groupId === '') return ErrorCode.INVALID_GROUP_ID;
    return this.groups.get(identity.groupId)?.group.heartbeat(identity) ?? ErrorCode.UNKNOWN_MEMBER_ID;
  }

  /** An error code for each member; one number where the request as a whole is refused. */
  leave(groupId: string, leaving: readonly LeavingMember[]): number | number[] {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID;
    const kept = this.groups.get(groupId);
    return kept === undefined ? leaving.map(() => ErrorCode.UNKNOWN_MEMBER_ID) : leaveGroup(kept.group, leaving);
  }

  /**
   * An error code for each offset. A generation below 0 says that nobody of the group commits: where there is no group, that
   * makes one; a member of a group that is not there is answered `unknownGroup`.
   */
  commit(identity: MemberIdentity, offsets: readonly CommittedOffset[], unknownGroup: number): number[] {
    const { groupId } = identity;
    const refusal = this.refusesCommit(identity, unknownGroup);
    if (refusal !== null) return offsets.map(() => refusal);
    const { group, offsets: kept } = this.found(groupId);
    if (group.state === 'Stable' || group.state === 'PreparingRebalance') group.keepAliveById(identity.memberId);
    return this.store(groupId, offsets, (offset) => kept.commit(offset));
  }

  /** Visible when the transaction commits. */
  commitInTransaction(identity: MemberIdentity, producerId: number, offsets: readonly CommittedOffset[]): number[] {
    const { groupId, generation, memberId, instanceId } = identity;
    const isMember = generation >= 0 || memberId !== '' || instanceId !== null;
    const group = this.groups.get(groupId)?.group;
    const isOutside = !isMember || (generation < 0 && (group === undefined || group.state === 'Empty'));
    const refusal = isOutside ? null : group === undefined ? ErrorCode.ILLEGAL_GENERATION : group.refuses(identity);
    if (refusal !== null) return offsets.map(() => refusal);
    const kept = this.found(groupId).offsets;
    return this.store(groupId, offsets, (offset) => kept.commitInTransaction(producerId, offset));
  }
  endTransaction(producerId: number, isCommitted: boolean): void {
    for (const { offsets } of this.groups.values()) offsets.endTransaction(producerId, isCommitted);
  }

  /** `null`: all partitions that have a committed offset. */
  fetchOffsets(groupId: string, partitions: readonly PartitionName[] | null, isStable: boolean): FetchedOffset[] {
    return (this.groups.get(groupId)?.offsets ?? new GroupOffsets()).fetch(partitions, isStable);
  }

  /** Why no offset of the group may be deleted; null where those may that nobody reads. */
  refusesDeletingOffsets(groupId: string): number | null {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID;
    const group = this.groups.get(groupId)?.group;
    if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
    return group.state === 'Empty' || group.members.protocolType === 'consumer' ? null : ErrorCode.NON_EMPTY_GROUP;
  }
  /** An error code for each partition. */
  deleteOffsets(groupId: string, partitions: readonly PartitionName[]): number[] {
    const kept = this.groups.get(groupId);
    const refusal = this.refusesDeletingOffsets(groupId);
    if (kept === undefined || refusal !== null) return partitions.map(() => refusal ?? ErrorCode.GROUP_ID_NOT_FOUND);
    const subscribed = subscribedTopics(kept.group);
    return partitions.map((name) => {
      if (subscribed?.has(name.topic) ?? true) return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC;
      kept.offsets.delete(name);
      return ErrorCode.NONE;
    });
  }

  describe(groupId: string): GroupDescription {
    const kept = this.groups.get(groupId);
    return kept === undefined ? { groupId, ...NO_GROUP } : describeGroup(kept.group);
  }
  list(): GroupDescription[] {
    return Array.from(this.groups.values(), ({ group }) => describeGroup(group));
  }

  delete(groupId: string): number {
    const kept = this.groups.get(groupId);
    if (kept === undefined) return ErrorCode.GROUP_ID_NOT_FOUND;
    if (kept.group.state !== 'Empty') return ErrorCode.NON_EMPTY_GROUP;
    kept.group.die(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    this.groups.delete(groupId);
    return ErrorCode.NONE;
  }

  /** Everybody in the group has to join again. @throws where it has no members. */
  forceRebalance(groupId: string): void {
    const group = this.living(groupId);
    if (group === undefined || group.members.size === 0) throw new Error(`Group ${groupId} has no members that could rebalance.`);
    if (group.state !== 'PreparingRebalance') group.prepareRebalance();
  }

  /** The member's session is over, as if it had sent no heartbeat. @throws where the group has no such member. */
  expireMember(groupId: string, memberId: string): void {
    const group = this.living(groupId);
    const member = group?.members.get(memberId);
    if (group === undefined || member === undefined) {
      throw new Error(`Group ${groupId} has no member ${memberId}; it has ${group?.members.ids.join(', ') || 'none'}.`);
    }
    group.expire(member);
  }

  /** Committed offsets of a deleted topic go with it. */
  topicDeleted(topic: string): void {
    for (const { offsets } of this.groups.values()) offsets.deleteTopic(topic);
  }

  /**
   * Another virtual broker coordinates the group, and has read what the last one has written: who joined a round that was not
   * over is unknown to it, everybody else is still a member. Whatever is parked is answered NOT_COORDINATOR.
   */
  coordinatorMoved(groupId: string): void {
    const kept = this.groups.get(groupId);
    if (kept === undefined) return;
    kept.group.die(ErrorCode.NOT_COORDINATOR);
    kept.group = new Group(groupId, this.clock, this.settings, kept.group.durable);
  }

  /** No virtual broker that could coordinate the group lives. Its members' sessions begin anew with `coordinatorMoved`, when one does. */
  coordinatorLost(groupId: string): void {
    this.groups.get(groupId)?.group.die(ErrorCode.NOT_COORDINATOR);
  }

  committed(groupId: string, topic: string): { partition: number; offset: number; metadata: string }[] {
    return this.fetchOffsets(groupId, null, false)
      .filter((found) => found.topic === topic)
      .map(({ partition, offset, metadata }) => ({ partition, offset, metadata }))
      .sort((one, other) => one.partition - other.partition);
  }

  private living(groupId: string): Group | undefined {
    const group = this.groups.get(groupId)?.group;
    return group?.state === 'Dead' ? undefined : group;
  }

  private found(groupId: string): KeptGroup {
    let kept = this.groups.get(groupId);
    if (kept === undefined) {
      kept = { group: new Group(groupId, this.clock, this.settings), offsets: new GroupOffsets() };
      this.groups.set(groupId, kept);
    }
    return kept;
  }

  private refusesCommit(identity: MemberIdentity, unknownGroup: number): number | null {
    const { generation, memberId, instanceId } = identity;
    const group = this.groups.get(identity.groupId)?.group;
    if (group === undefined) return generation < 0 ? null : unknownGroup;
    if (generation < 0 && group.state === 'Empty') return null;
    const isMember = generation >= 0 || memberId !== '' || instanceId !== null;
    const refusal = isMember ? group.refuses(identity) : ErrorCode.UNKNOWN_MEMBER_ID;
    return refusal ?? (group.state === 'CompletingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : null);
  }

  private store(groupId: string, offsets: readonly CommittedOffset[], commit: (offset: CommittedOffset) => void): number[] {
    const isTooLong = ({ metadata }: CommittedOffset): boolean => metadata.length > this.settings.maxOffsetMetadata;
    const accepted = offsets.filter((offset) => !isTooLong(offset));
    if (commitBytes(groupId, accepted) > this.settings.maxCommitBytes) return offsets.map(() => ErrorCode.UNKNOWN_SERVER_ERROR);
    for (const offset of accepted) commit(offset);
    return offsets.map((offset) => (isTooLong(offset) ? ErrorCode.OFFSET_METADATA_TOO_LARGE : ErrorCode.NONE));
  }
}
