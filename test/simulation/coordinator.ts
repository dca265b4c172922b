import type { JoinedMember, JoinReply, JoinRequest, MemberIdentity, MemberPartitions, SyncReply, SyncRequest } from '../../lib/consumer/wire.js';
import { type Answer, Refusal } from './network.js';
import type { Scheduler } from './scheduler.js';

type State = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';
export type Removal = 'session' | 'rebalance timeout' | 'left' | 'failover';

interface Member {
  readonly id: string;
  request: JoinRequest;
  join: Answer<JoinReply> | null;
  sync: Answer<SyncReply> | null;
  assignment: SyncReply;
  cancelSession: () => void;
}
/** The id that a new member is told to join with. */
export interface MemberIdRequired {
  readonly memberIdRequired: string;
}

export interface CoordinatorObserver {
  note(text: string): void;
  memberRemoved(memberId: string, why: Removal): void;
  /** A coordinator that takes over knows it. */
  memberRestored(memberId: string): void;
  assigned(generation: number, assignments: ReadonlyMap<string, SyncReply>): void;
}

const NOTHING: SyncReply = { partitions: new Map(), userData: Buffer.alloc(0) };

/**
 * A classic consumer group as Kafka's coordinator keeps it:
 *
 * ```
 *   EMPTY --join--> PREPARING --all have joined, or rebalance timeout--> COMPLETING --leader's sync--> STABLE
 *     ^                 ^                                                    |                            |
 *     +-- all gone --   +------------ join, leave, session over -------------+----------------------------+
 * ```
 *
 * What is durable is what the last sync, or the last member's going, has written: a coordinator that takes over begins there.
 */
export class Coordinator {
  state: State = 'Empty';
  generation = 0;
  private leader = '';
  private readonly members = new Map<string, Member>();
  /** Ids given out and not joined with yet; the group waits for them. */
  private readonly pending = new Map<string, () => void>();
  private cancelRound: () => void = () => {};
  private ids = 0;
  private durable: { generation: number; leader: string; members: readonly Member[] } = { generation: 0, leader: '', members: [] };
  private downUntilMs = -1;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly observer: CoordinatorObserver,
    private readonly initialDelayMs: number,
  ) {}

  has(memberId: string): boolean {
    return this.members.has(memberId);
  }
  get memberCount(): number {
    return this.members.size;
  }
  /** Who has a partition by the assignment of the current generation. */
  holderOf(topic: string, partition: number): string | null {
    for (const { id, assignment } of this.members.values()) if (assignment.partitions.get(topic)?.includes(partition)) return id;
    return null;
  }

  join(memberId: string, request: JoinRequest, answer: Answer<JoinReply | MemberIdRequired>): void {
    if (this.refusesAll(answer)) return;
    if (memberId === '') return answer({ memberIdRequired: this.newId() });
    const member = this.members.get(memberId);
    if (member !== undefined) return this.rejoin(member, request, answer);
    const cancelPending = this.pending.get(memberId);
    if (cancelPending === undefined) return answer(new Refusal('UNKNOWN_MEMBER_ID'));
    cancelPending();
    this.pending.delete(memberId);
    const added: Member = { id: memberId, request, join: answer, sync: null, assignment: NOTHING, cancelSession: () => {} };
    this.members.set(memberId, added);
    this.observer.note(`coordinator: ${memberId} joins in ${this.state}`);
    this.keepAlive(added);
    this.prepare();
  }

  sync({ memberId, generation, assignments }: SyncRequest, answer: Answer<SyncReply>): void {
    if (this.refusesAll(answer)) return;
    const member = this.members.get(memberId);
    if (member === undefined) return answer(new Refusal('UNKNOWN_MEMBER_ID'));
    if (generation !== this.generation) return answer(new Refusal('ILLEGAL_GENERATION'));
    if (this.state === 'PreparingRebalance') return answer(new Refusal('REBALANCE_IN_PROGRESS'));
    if (this.state === 'Stable') {
      this.keepAlive(member);
      return answer(member.assignment);
    }
    member.sync = answer;
    if (memberId === this.leader) this.assign(assignments);
  }

  heartbeat({ memberId, generation }: MemberIdentity, answer: Answer<'ok' | 'rebalancing'>): void {
    if (this.refusesAll(answer)) return;
    const member = this.members.get(memberId);
    if (member === undefined) return answer(new Refusal('UNKNOWN_MEMBER_ID'));
    if (generation !== this.generation) return answer(new Refusal('ILLEGAL_GENERATION'));
    this.keepAlive(member);
    answer(this.state === 'PreparingRebalance' ? 'rebalancing' : 'ok');
  }

  /** Null where a commit of this member may be stored, else why not. */
  refusesCommit({ memberId, generation }: MemberIdentity): Refusal | null {
    if (this.isDown) return this.down;
    const member = this.members.get(memberId);
    if (member === undefined) return new Refusal('UNKNOWN_MEMBER_ID');
    if (generation !== this.generation) return new Refusal('ILLEGAL_GENERATION');
    this.keepAlive(member);
    return this.state === 'CompletingRebalance' ? new Refusal('REBALANCE_IN_PROGRESS') : null;
  }

  leave(memberId: string, answer: Answer<void>): void {
    if (this.refusesAll(answer)) return;
    const member = this.members.get(memberId);
    this.pending.get(memberId)?.();
    if (this.pending.delete(memberId)) this.completeIfAssembled();
    if (member !== undefined) this.remove(member, 'left');
    answer(undefined);
  }

  get isDown(): boolean {
    return this.scheduler.nowMs < this.downUntilMs;
  }
  get down(): Refusal {
    return new Refusal(Math.floor(this.scheduler.nowMs) % 2 === 0 ? 'NOT_COORDINATOR' : 'COORDINATOR_LOAD_IN_PROGRESS');
  }

  /** Another broker becomes the coordinator, and has read the group after so long. What waits is told, or its connection is gone. */
  moves(durationMs: number): void {
    const waiting = [...this.members.values()].flatMap(({ join, sync }): Answer<never>[] => [join, sync].filter((answer) => answer !== null) as Answer<never>[]);
    this.observer.note(`coordinator moves for ${durationMs.toFixed(0)} ms`);
    this.downUntilMs = this.scheduler.nowMs + durationMs;
    this.cancelRound();
    for (const cancel of this.pending.values()) cancel();
    this.pending.clear();
    for (const member of this.members.values()) member.cancelSession();
    const before = [...this.members.keys()];
    this.members.clear();
    for (const { id, request, assignment } of this.durable.members) {
      const member: Member = { id, request, join: null, sync: null, assignment, cancelSession: () => {} };
      this.members.set(id, member);
      this.keepAlive(member, durationMs);
      this.observer.memberRestored(id);
    }
    this.generation = this.durable.generation;
    this.leader = this.durable.leader;
    this.state = this.members.size === 0 ? 'Empty' : 'Stable';
    for (const id of before) if (!this.members.has(id)) this.observer.memberRemoved(id, 'failover');
    for (const answer of waiting) answer(new Refusal('NOT_COORDINATOR'));
  }

  private refusesAll(answer: Answer<never>): boolean {
    if (this.isDown) answer(this.down);
    return this.isDown;
  }

  private newId(): string {
    const id = `m${++this.ids}`;
    this.pending.set(
      id,
      this.scheduler.after(6000, () => {
        this.pending.delete(id);
        this.completeIfAssembled();
      }),
    );
    return id;
  }

  private rejoin(member: Member, request: JoinRequest, answer: Answer<JoinReply>): void {
    const isSame = sameProtocols(member.request, request);
    const isRepeated = isSame && (this.state === 'CompletingRebalance' || (this.state === 'Stable' && member.id !== this.leader));
    if (isRepeated) {
      this.keepAlive(member);
      return answer(this.joinReply(member));
    }
    member.request = request;
    member.join = answer;
    this.observer.note(`coordinator: ${member.id} joins again in ${this.state}`);
    this.prepare();
  }

  /** A round begins, or has begun. */
  private prepare(): void {
    if (this.state !== 'PreparingRebalance') {
      this.cancelRound();
      for (const member of this.members.values()) {
        member.sync?.(new Refusal('REBALANCE_IN_PROGRESS'));
        member.sync = null;
      }
      const timeouts = Array.from(this.members.values(), ({ request }) => request.rebalanceTimeoutMs);
      const limitMs = this.state === 'Empty' ? this.initialDelayMs : Math.max(...timeouts);
      this.state = 'PreparingRebalance';
      this.cancelRound = this.scheduler.after(limitMs, () => this.complete());
      if (limitMs === this.initialDelayMs) return;
    }
    this.completeIfAssembled();
  }

  private completeIfAssembled(): void {
    if (this.state !== 'PreparingRebalance' || this.pending.size > 0) return;
    for (const { join } of this.members.values()) if (join === null) return;
    this.complete();
  }

  private complete(): void {
    this.cancelRound();
    for (const member of [...this.members.values()]) if (member.join === null) this.forget(member, 'rebalance timeout');
    this.generation++;
    if (this.members.size === 0) return this.becomeEmpty();
    this.state = 'CompletingRebalance';
    if (!this.members.has(this.leader)) this.leader = [...this.members.keys()][0];
    this.observer.note(`coordinator: generation ${this.generation} of ${[...this.members.keys()].join(' ')}, led by ${this.leader}`);
    for (const member of this.members.values()) {
      const { join } = member;
      member.join = null;
      member.assignment = NOTHING;
      this.keepAlive(member);
      join?.(this.joinReply(member));
    }
    const limitMs = Math.max(...Array.from(this.members.values(), ({ request }) => request.rebalanceTimeoutMs));
    this.cancelRound = this.scheduler.after(limitMs, () => this.syncTimedOut());
  }

  /** Who has not asked for its assignment in time is out. */
  private syncTimedOut(): void {
    const late = [...this.members.values()].filter(({ sync }) => sync === null);
    for (const member of late) this.forget(member, 'rebalance timeout');
    if (this.members.size === 0) this.becomeEmpty();
    else if (late.length > 0) this.prepare();
  }

  private assign(assignments: readonly MemberPartitions[]): void {
    this.cancelRound();
    this.state = 'Stable';
    const byMember = new Map(assignments.map(({ memberId, partitions, userData }) => [memberId, { partitions, userData }]));
    for (const member of this.members.values()) member.assignment = byMember.get(member.id) ?? NOTHING;
    this.persist();
    this.observer.assigned(this.generation, new Map(Array.from(this.members.values(), ({ id, assignment }) => [id, assignment])));
    for (const member of this.members.values()) {
      const { sync } = member;
      member.sync = null;
      if (sync === null) continue;
      this.keepAlive(member);
      sync(member.assignment);
    }
  }

  private joinReply({ id }: Member): JoinReply {
    const { protocol } = this;
    const members = id === this.leader ? Array.from(this.members.values(), (member) => joinedMember(member, protocol)) : [];
    return { memberId: id, generation: this.generation, leaderId: this.leader, protocol, members };
  }

  /** The first one that all of them speak. */
  private get protocol(): string {
    const spoken = Array.from(this.members.values(), ({ request }) => request.protocols.map(({ name }) => name));
    return spoken[0].find((name) => spoken.every((names) => names.includes(name))) ?? '';
  }

  private keepAlive(member: Member, moreMs = 0): void {
    member.cancelSession();
    member.cancelSession = this.scheduler.after(member.request.sessionTimeoutMs + moreMs, () => {
      if (member.join !== null || member.sync !== null) this.keepAlive(member);
      else this.remove(member, 'session');
    });
  }

  private remove(member: Member, why: Removal): void {
    this.forget(member, why);
    if (this.members.size === 0 && this.state !== 'PreparingRebalance') {
      this.generation++;
      return this.becomeEmpty();
    }
    if (this.state === 'PreparingRebalance') this.completeIfAssembled();
    else this.prepare();
  }

  private forget(member: Member, why: Removal): void {
    member.cancelSession();
    this.members.delete(member.id);
    member.join?.(new Refusal('UNKNOWN_MEMBER_ID'));
    member.sync?.(new Refusal('UNKNOWN_MEMBER_ID'));
    this.observer.note(`coordinator: ${member.id} is out (${why})`);
    this.observer.memberRemoved(member.id, why);
  }

  private becomeEmpty(): void {
    this.cancelRound();
    this.state = 'Empty';
    this.leader = '';
    this.persist();
  }

  private persist(): void {
    this.durable = { generation: this.generation, leader: this.leader, members: Array.from(this.members.values(), (member) => ({ ...member })) };
  }
}

function joinedMember({ id, request }: Member, protocol: string): JoinedMember {
  const { topics, userData } = request.protocols.find(({ name }) => name === protocol) ?? request.protocols[0];
  return { memberId: id, topics, userData };
}

function sameProtocols(one: JoinRequest, other: JoinRequest): boolean {
  const [a] = one.protocols;
  const [b] = other.protocols;
  return a.topics.join() === b.topics.join() && a.userData.equals(b.userData);
}
