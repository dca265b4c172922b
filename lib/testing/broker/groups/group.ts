import type { BrokerClock } from '../clock.js';
import { ErrorCode } from '../protocol/error-codes.js';
import type { GroupMember } from './group-member.js';
import { GroupMembers } from './group-members.js';
import { type GroupState, type JoinReply, type MemberIdentity, refusedJoin, refusedSync, type SyncReply } from './group-requests.js';
import type { GroupSettings } from './group-settings.js';
import { type GroupSnapshot, NEW_GROUP, restoredMember, snapshotOf } from './group-snapshot.js';

/** A join of somebody who may be gone already is not kept for ever. */
const NEW_MEMBER_TIMEOUT_MS = 300_000;
const NOTHING = Buffer.alloc(0);

/**
 * A classic consumer group:
 *
 * ```
 *            join                 everybody has joined,                 leader's sync
 *   EMPTY ---------> PREPARING ---- or rebalance timeout --> COMPLETING -------------> STABLE
 *     ^   (initial    |    ^                                     |                       |
 *     |    delay)     |    +---- join, leave, session over, -----+-----------------------+
 *     +--- all gone --+          no sync within the rebalance timeout
 *
 *   any ---- deleted, or its coordinator moves ----> DEAD
 * ```
 *
 * PREPARING answers joins when it ends, COMPLETING syncs. A generation begins with COMPLETING. What is durable is written on
 * reaching STABLE or EMPTY: a coordinator that takes over begins there. How single requests are judged is in join-group.ts,
 * sync-group.ts and leave-group.ts.
 */
export class Group {
  generation: number;
  protocolName: string | null;
  readonly members = new GroupMembers();
  durable: GroupSnapshot;
  private status: GroupState;
  private isInitialRound = false;
  private hasNewMember = false;
  private readonly unsynced = new Set<string>();
  private cancelRound: () => void = () => {};

  constructor(
    readonly id: string,
    private readonly clock: Pick<BrokerClock, 'later'>,
    private readonly settings: GroupSettings,
    snapshot: GroupSnapshot = NEW_GROUP,
  ) {
    this.durable = snapshot;
    this.generation = snapshot.generation;
    this.protocolName = snapshot.protocolName;
    this.status = snapshot.members.length === 0 ? 'Empty' : 'Stable';
    for (const each of snapshot.members) {
      const member = restoredMember(each, snapshot.protocolName ?? '');
      this.members.add(member, snapshot.protocolType ?? '');
      this.keepAlive(member);
    }
    this.members.protocolType = snapshot.protocolType;
    this.members.leaderId = snapshot.leaderId;
  }

  get state(): GroupState {
    return this.status;
  }

  /** Why nothing is done for who claims to be this member; null where it is one. */
  refusesMember(memberId: string, instanceId: string | null): number | null {
    if (instanceId !== null) {
      const current = this.members.staticId(instanceId);
      if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
      if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
    }
    return this.members.get(memberId) === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : null;
  }
  /** Of this generation, too. */
  refuses({ memberId, instanceId, generation }: Omit<MemberIdentity, 'groupId'>): number | null {
    return this.refusesMember(memberId, instanceId) ?? (generation === this.generation ? null : ErrorCode.ILLEGAL_GENERATION);
  }

  heartbeat(identity: MemberIdentity): number {
    const refusal = this.refuses(identity);
    if (refusal !== null) return refusal;
    this.keepAliveById(identity.memberId);
    return this.status === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
  }

  promise(memberId: string, timeoutMs: number): void {
    this.members.promised.set(memberId, this.clock.later(timeoutMs, () => this.takeBack(memberId)));
  }
  /** True where the id was promised. The round may be over without it: `concludeJoins` looks. */
  redeem(memberId: string): boolean {
    this.members.promised.get(memberId)?.();
    return this.members.promised.delete(memberId);
  }

  admit(member: GroupMember, protocolType: string): void {
    if (this.status === 'PreparingRebalance' && this.isInitialRound) this.hasNewMember = true;
    this.members.add(member, protocolType);
    this.keepAlive(member, NEW_MEMBER_TIMEOUT_MS);
    this.rebalance();
  }

  /** Somebody came, or said something new: a round begins, or the one that is under way may be over. */
  rebalance(): void {
    if (this.status !== 'PreparingRebalance') this.prepareRebalance();
    else if (!this.isInitialRound) this.concludeJoins();
  }

  /** Everybody has to join again. */
  prepareRebalance(): void {
    if (this.status === 'CompletingRebalance') this.refuseSyncs();
    this.cancelRound();
    this.unsynced.clear();
    this.isInitialRound = this.status === 'Empty';
    this.status = 'PreparingRebalance';
    if (this.isInitialRound) this.awaitMembers(this.settings.initialRebalanceDelayMs, this.members.rebalanceTimeoutMs);
    else if (this.members.allJoined) this.completeJoins();
    else this.cancelRound = this.clock.later(this.members.rebalanceTimeoutMs, () => this.completeJoins());
  }

  /** Ends a round that nobody is missing in. */
  concludeJoins(): void {
    if (this.status === 'PreparingRebalance' && this.members.allJoined) this.completeJoins();
  }

  /** The leader has divided the partitions. */
  assign(assignments: ReadonlyMap<string, Buffer>): void {
    this.status = 'Stable';
    for (const member of this.members.all) member.assignment = assignments.get(member.id) ?? NOTHING;
    this.persist();
    for (const member of this.members.all) {
      if (member.syncing === null) continue;
      this.keepAlive(member);
      member.answerSync(this.syncReply(member));
    }
  }
  /** Who does not sync within the rebalance timeout is out. */
  synced(memberId: string): void {
    this.unsynced.delete(memberId);
    if (this.unsynced.size === 0) this.cancelRound();
  }

  joinReply(member: GroupMember): JoinReply {
    const isLeader = this.members.leaderId === member.id;
    return {
      errorCode: ErrorCode.NONE,
      generation: this.generation,
      protocolType: this.members.protocolType,
      protocolName: this.protocolName,
      leaderId: this.members.leaderId ?? '',
      memberId: member.id,
      skipAssignment: false,
      members: isLeader ? this.members.joined(this.protocolName ?? '') : [],
    };
  }
  syncReply({ assignment }: GroupMember): SyncReply {
    return { errorCode: ErrorCode.NONE, protocolType: this.members.protocolType, protocolName: this.protocolName, assignment };
  }

  /** Its session is over, whatever it waits for. */
  expire(member: GroupMember): void {
    this.forget(member, ErrorCode.UNKNOWN_MEMBER_ID);
    if (this.status === 'PreparingRebalance') this.concludeJoins();
    else this.prepareRebalance();
  }

  /** Without anything that follows from it. */
  forget(member: GroupMember, errorCode: number): void {
    member.cancelSession();
    this.members.remove(member);
    this.unsynced.delete(member.id);
    member.answerJoin(refusedJoin(errorCode, ''));
    member.answerSync(refusedSync(errorCode));
  }

  keepAlive(member: GroupMember, timeoutMs = member.sessionTimeoutMs): void {
    member.cancelSession();
    member.cancelSession = this.clock.later(timeoutMs, () => {
      if (!member.isExcused) this.expire(member);
    });
  }
  keepAliveById(memberId: string): void {
    const member = this.members.get(memberId);
    if (member !== undefined) this.keepAlive(member);
  }

  persist(): void {
    this.durable = snapshotOf(this);
  }

  /** Nothing happens to the group any more. Who waits is told. */
  die(errorCode: number): void {
    this.cancelRound();
    for (const cancel of this.members.promised.values()) cancel();
    this.members.promised.clear();
    this.status = 'Dead';
    for (const member of this.members.all) {
      member.cancelSession();
      member.answerJoin(refusedJoin(errorCode, member.id));
      member.answerSync(refusedSync(errorCode));
    }
  }

  private takeBack(memberId: string): void {
    this.redeem(memberId);
    this.concludeJoins();
  }

  /** The first round waits once more for the delay as long as members arrive, for their rebalance timeout in all. */
  private awaitMembers(delayMs: number, leftMs: number): void {
    this.cancelRound = this.clock.later(delayMs, () => {
      const remainingMs = Math.max(leftMs - delayMs, 0);
      if (!this.hasNewMember || remainingMs === 0) return this.completeJoins();
      this.hasNewMember = false;
      this.awaitMembers(Math.min(this.settings.initialRebalanceDelayMs, remainingMs), remainingMs);
    });
  }

  private completeJoins(): void {
    this.cancelRound();
    this.hasNewMember = false;
    // A static member that is away keeps its place until its session is over.
    for (const member of this.members.all) if (member.joining === null && member.instanceId === null) this.forget(member, ErrorCode.UNKNOWN_MEMBER_ID);
    if (this.members.size > 0 && !this.members.electLeader()) {
      this.cancelRound = this.clock.later(this.members.rebalanceTimeoutMs, () => this.completeJoins());
      return;
    }
    this.generation++;
    if (this.members.size === 0) this.becomeEmpty();
    else this.awaitSyncs();
  }

  private becomeEmpty(): void {
    this.protocolName = null;
    this.status = 'Empty';
    this.persist();
  }

  private awaitSyncs(): void {
    this.protocolName = this.members.selectProtocol();
    this.status = 'CompletingRebalance';
    this.cancelRound = this.clock.later(this.members.rebalanceTimeoutMs, () => this.expelUnsynced());
    for (const member of this.members.all) this.unsynced.add(member.id);
    for (const member of this.members.all) {
      member.isNew = false;
      this.keepAlive(member);
      member.answerJoin(this.joinReply(member));
    }
  }

  private expelUnsynced(): void {
    for (const id of this.unsynced) {
      const member = this.members.get(id);
      if (member !== undefined) this.forget(member, ErrorCode.UNKNOWN_MEMBER_ID);
    }
    this.prepareRebalance();
  }

  private refuseSyncs(): void {
    for (const member of this.members.all) {
      member.assignment = NOTHING;
      if (member.syncing === null) continue;
      this.keepAlive(member);
      member.answerSync(refusedSync(ErrorCode.REBALANCE_IN_PROGRESS));
    }
  }
}
