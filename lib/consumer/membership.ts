import type { AssignmentStrategy } from '../assignors/assign.js';
import { type Claims, NO_CLAIMS, type TopicPartitions } from '../assignors/claims.js';
import { type AssignmentMark, decodeMark } from '../assignors/user-data.js';
import type { Lease } from '../engine/lease.js';
import { joinProtocols } from './assignment-policy.js';
import { backOffMs } from './back-off.js';
import type { Clock } from './clock.js';
import { divideAsLeader } from './divide-as-leader.js';
import type { GroupLog } from './group-consumer.js';
import { Heartbeat } from './heartbeat.js';
import type { GroupOptions } from './options.js';
import { type JoinReply, type MemberIdentity, type SyncReply, type Wire, WireError } from './wire.js';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2000;
/** Of the session that a proof of membership is worth: the broker's clock began before ours saw the answer. */
const LEASE_SHARE = 0.9;
/** Releases within this time cost the group one rebalance. */
const COALESCE_MS = 1000;

export interface MembershipHost {
  /** Topics that exist, sorted: what a join announces. */
  subscription(): readonly string[];
  /** Partitions of each of them. */
  counts(): ReadonlyMap<string, number>;
  /** What is owned, and what of it is being drained, at this moment. */
  claims(): Pick<Claims, 'owned' | 'draining'>;
  /** Drains, commits and releases everything within about this time. Heartbeats go on meanwhile. */
  releaseAll(timeoutMs: number): Promise<unknown>;
  /** What the group's leader has assigned. When it returns, nothing starts any more of what the member has to give up. */
  apply(partitions: TopicPartitions, mark: AssignmentMark): void;
  /** What was owned may belong to others by now: nothing starts and nothing is committed until it is verified. */
  doubt(): void;
  /** Loses what others have moved on. False when `isWanted` turned false before there was an answer. */
  verify(isWanted: () => boolean): Promise<boolean>;
  /** There is an identity to commit with. */
  settled(): void;
  /** The member is out of the group, without having released what it owned. */
  lost(reason: string): Promise<void>;
  /** The coordinator has just proven membership; `lapsed` where nothing could be started before. */
  proven(lapsed: boolean): void;
  /** No repetition will help. The member has stopped by itself. */
  fatal(error: unknown): void;
}

export interface MembershipDependencies {
  readonly wire: Wire;
  readonly options: GroupOptions;
  readonly strategy: AssignmentStrategy;
  readonly lease: Lease;
  readonly host: MembershipHost;
  readonly clock: Clock;
  readonly log: GroupLog;
}

export type MembershipState = 'idle' | 'releasing' | 'joining' | 'syncing' | 'verifying' | 'stable' | 'left';

/**
 * A member's place in its group. One loop, so that no two rounds ever overlap:
 *
 * ```
 *            wish                          generation           assignment
 *   IDLE ----------> JOINING ------------------------> SYNCING -----------------> STABLE
 *            |          ^ claims as of now                 |      |                 |  ^
 *            |          |                                  |      | in doubt        |  |
 *        RELEASING -----+------------- refused ------------+  VERIFYING ------------|--+
 *            ^ only under 'eager' and a leader of another client                    |
 *            +----------------------------------------------------------------------+
 *              wish: the group assembles again, claims dropped, topics changed, fenced
 *   any ---- leave, give up, fatal ----> LEFT
 * ```
 *
 * Nothing waits for a round: partitions that stay are fetched, handled and committed during it, with the identity of the last
 * assignment. A wish that comes during a round is served after it.
 */
export class Membership {
  /** Completed rounds. */
  rebalances = 0;
  private status: MembershipState = 'idle';
  private id = '';
  /** Of the last assignment; null while nothing may be committed. */
  private current: MemberIdentity | null = null;
  /** Generation of the last assignment, which confirmed what is owned. */
  private confirmed = -1;
  /** The member was away: what it owns may have been others' meanwhile. */
  private isSuspect = false;
  /** The leader of the last round withheld what others claim. */
  private isHonoured = true;
  private isLeaving = false;
  private preferred: TopicPartitions = NO_CLAIMS.preferred;
  private wish: string | null = null;
  private wakeLoop: (() => void) | null = null;
  private announceFirstJoin: (() => void) | null = null;
  private cancelCoalescing: (() => void) | null = null;
  private failures = 0;
  private readonly heartbeat: Heartbeat;
  private loop: Promise<void> | null = null;
  private cancelPause: (() => void) | null = null;

  constructor(private readonly deps: MembershipDependencies) {
    const { wire, clock, options } = deps;
    this.heartbeat = new Heartbeat({
      wire,
      clock,
      intervalMs: options.heartbeatIntervalMs,
      proven: (sentAtMs) => this.prove(sentAtMs),
      rebalancing: () => this.wantUnlessJoining('the group assembles again'),
      failed: (_, error) => void this.heartbeatFailed(error),
    });
  }

  get state(): MembershipState {
    return this.status;
  }
  /** Empty before the coordinator has given one. */
  get memberId(): string {
    return this.id;
  }
  get identity(): MemberIdentity | null {
    return this.isSuspect ? null : this.current;
  }
  /** Whether a refused commit can succeed later, with the identity of the next assignment. */
  get expectsIdentity(): boolean {
    return this.loop !== null && this.status !== 'left' && this.status !== 'releasing';
  }

  /** Resolves once the first join is on its way. */
  start(): Promise<void> {
    if (this.loop !== null) return Promise.resolve();
    const announced = new Promise<void>((resolve) => (this.announceFirstJoin = resolve));
    this.wish = 'start';
    this.loop = this.run();
    return announced;
  }

  /** The group must divide its partitions anew: topics came or went, or have other partitions. */
  rejoin(reason: string): void {
    this.want(reason);
  }

  /** Claims were dropped, and others wait for the partitions. With `more` to come soon they go together. */
  released(more: boolean): void {
    // Who claims nothing, or has nothing left and leaves, needs no join for it.
    if (this.drainsFirst || this.hasLeft || (this.isLeaving && !more)) return;
    if (!more) return this.want('partitions were released');
    this.cancelCoalescing ??= this.deps.clock.later(COALESCE_MS, () => this.want('partitions were released'));
  }

  /** From the next join on the member gets nothing. What it owns is handed over as it is released; then `leave`. */
  prepareToLeave(): void {
    this.isLeaving = true;
  }

  /** Tells the coordinator, which otherwise waits for the session to end; bounded. What was owned has been released. */
  async leave(): Promise<void> {
    if (this.status === 'left') return;
    const memberId = this.id;
    this.end();
    if (memberId === '') return;
    const { wire, clock, options, log } = this.deps;
    let cancel = (): void => {};
    const deadline = new Promise<void>((resolve) => (cancel = clock.later(options.sessionTimeoutMs, resolve)));
    const left = wire.leave({ memberId, generation: this.confirmed }).catch((error: unknown) => log.debug?.(`Leaving the group failed: ${messageOf(error)}`));
    await Promise.race([left, deadline]);
    cancel();
  }

  /**
   * A member whose fetching is dead must not hold its partitions for ever, which heartbeats of their own would let it: it
   * leaves, so that others take over, and reports itself failed.
   */
  async giveUp(reason: string): Promise<void> {
    await this.fail(new Error(`The member gives its partitions up: ${reason}`));
  }

  /** No repetition will help: out of the group. */
  async fail(error: unknown): Promise<void> {
    if (this.status === 'left') return;
    const { host } = this.deps;
    const leaving = this.leave();
    await host.lost(messageOf(error));
    await leaving;
    host.fatal(error);
  }

  private want(reason: string): void {
    this.wish ??= reason;
    this.wakeLoop?.();
  }

  private get hasLeft(): boolean {
    return this.status === 'left';
  }

  private async run(): Promise<void> {
    while (!this.hasLeft) {
      if (this.wish === null) {
        await new Promise<void>((resolve) => (this.wakeLoop = resolve));
        continue;
      }
      const reason = this.wish;
      try {
        await this.round(reason);
        this.failures = 0;
      } catch (error) {
        if (!this.hasLeft) await this.roundFailed(reason, error);
      }
    }
  }

  private async round(reason: string): Promise<void> {
    const { log, clock } = this.deps;
    log.debug?.(`Joining: ${reason}`);
    const began = clock.now();
    if (this.drainsFirst) {
      await this.releaseAll();
      if (this.hasLeft) return;
    }
    this.status = 'joining';
    const joined = await this.join();
    if (this.hasLeft) return;
    this.status = 'syncing';
    const sentAtMs = clock.now();
    const synced = await this.sync(joined);
    if (this.hasLeft) return;
    this.settle(joined, synced);
    log.info(`${reason}: ${describe(joined, synced)}, in ${Math.round(clock.now() - began)} ms`);
    if (this.isSuspect) await this.verify();
    if (this.hasLeft || this.isSuspect) return;
    this.status = 'stable';
    this.prove(sentAtMs);
    this.deps.host.settled();
  }

  /** Who does not claim, or whose claims do not count, has nothing to lose when it joins. */
  private get drainsFirst(): boolean {
    return this.deps.options.rebalance.protocol === 'eager' || !this.isHonoured;
  }

  private async releaseAll(): Promise<void> {
    const { host, options } = this.deps;
    const { protocol, drainTimeoutMs } = options.rebalance;
    this.status = 'releasing';
    this.preferred = host.claims().owned;
    // The cooperative limit is longer than a group waits for a member.
    await host.releaseAll(protocol === 'eager' ? drainTimeoutMs : Math.min(drainTimeoutMs, options.rebalanceTimeoutMs / 2));
  }

  /** Claims are as of this moment; a wish of before is served by it, and what is wished from here on needs another join. */
  private async join(): Promise<JoinReply> {
    const { wire, options, host } = this.deps;
    this.wish = null;
    this.cancelCoalescing?.();
    this.cancelCoalescing = null;
    const claims = { ...host.claims(), generation: this.confirmed, preferred: this.preferred, leaving: this.isLeaving, counts: host.counts() };
    const { sessionTimeoutMs, rebalanceTimeoutMs } = options;
    const protocols = joinProtocols(host.subscription(), claims);
    const identified = (memberId: string): void => void (this.id = memberId);
    const reply = wire.join({ memberId: this.id, sessionTimeoutMs, rebalanceTimeoutMs, protocols, identified });
    this.announceFirstJoin?.();
    const joined = await reply;
    this.id = joined.memberId;
    return joined;
  }

  private async sync(joined: JoinReply): Promise<SyncReply> {
    const { wire, strategy, clock, log } = this.deps;
    const { memberId, generation, protocol } = joined;
    this.heartbeat.start({ memberId, generation });
    const assignments = joined.leaderId === memberId ? await divideAsLeader(joined.members, { wire, strategy, clock, log }) : [];
    return wire.sync({ memberId, generation, protocol, assignments });
  }

  /** In one step, so that nothing happens between the generation and what it means for the partitions. */
  private settle({ memberId, generation }: JoinReply, synced: SyncReply): void {
    const { host } = this.deps;
    const mark = decodeMark(synced.userData);
    // Whoever missed a generation does not know whether its leader honoured claims.
    if (this.confirmed >= 0 && generation !== this.confirmed + 1) this.suspect();
    this.rebalances++;
    this.current = { memberId, generation };
    this.confirmed = generation;
    this.isHonoured = mark.honoured;
    this.preferred = NO_CLAIMS.preferred;
    host.apply(synced.partitions, mark);
    const isGiven = [...synced.partitions.values()].some((partitions) => partitions.length > 0);
    if (this.isLeaving && isGiven) this.want('a member that leaves was given partitions');
  }

  /** Starts nothing and commits nothing until the next assignment has been compared with what Kafka has. */
  private suspect(): void {
    this.isSuspect = true;
    this.deps.lease.untilMs = -Infinity;
    this.deps.host.doubt();
  }

  private async verify(): Promise<void> {
    this.status = 'verifying';
    if (await this.deps.host.verify(() => this.wish === null && !this.hasLeft)) this.isSuspect = false;
  }

  private prove(sentAtMs: number): void {
    const { lease, clock, options, host } = this.deps;
    if (this.isSuspect) return;
    const lapsed = clock.now() >= lease.untilMs;
    lease.untilMs = Math.max(lease.untilMs, sentAtMs + LEASE_SHARE * options.sessionTimeoutMs);
    host.proven(lapsed && clock.now() < lease.untilMs);
  }

  private async roundFailed(reason: string, error: unknown): Promise<void> {
    const { log, clock } = this.deps;
    const kind = error instanceof WireError ? error.kind : 'unavailable';
    if (kind === 'fatal' || kind === 'too-large') return this.fail(error);
    if (kind === 'unknown-member') this.identityGone();
    this.wish ??= reason;
    const delayMs = kind === 'unavailable' || kind === 'moved' || this.failures > 0 ? backOffMs(this.failures, FIRST_RETRY_MS, LONGEST_RETRY_MS) : 0;
    this.failures++;
    const message = `Joining failed (${messageOf(error)}); again in ${delayMs} ms`;
    if (this.failures > 3 && kind === 'unavailable') log.warn(message);
    else log.debug?.(message);
    if (delayMs === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.later(delayMs, resolve);
      this.cancelPause = () => {
        cancel();
        resolve();
      };
    });
    this.cancelPause = null;
  }

  /** What was heard during a round is what the round is about, or the next heartbeat says it again. */
  private wantUnlessJoining(reason: string): void {
    if (this.status === 'stable' || this.status === 'verifying') this.want(reason);
  }

  private async heartbeatFailed(error: unknown): Promise<void> {
    const kind = error instanceof WireError ? error.kind : 'unavailable';
    switch (kind) {
      case 'fenced':
        // The answer to a join was lost, and what the member claimed in it still holds.
        return this.wantUnlessJoining('its generation is over');
      case 'unknown-member':
        this.deps.log.warn('The coordinator does not know this member any more: it starts and commits nothing until it has joined again');
        this.identityGone();
        return this.wantUnlessJoining('the coordinator does not know the member any more');
      case 'fatal':
        return this.fail(error);
      default:
        // Nobody said no. The lease ends by itself, and the next answer decides.
        this.deps.log.debug?.(`No heartbeat: ${messageOf(error)}`);
    }
  }

  /** What is owned is still claimed: it stays if nobody has a better claim, and nobody has moved its offset. */
  private identityGone(): void {
    this.heartbeat.stop();
    this.id = '';
    this.current = null;
    this.suspect();
  }

  private end(): void {
    this.status = 'left';
    this.heartbeat.stop();
    this.current = null;
    this.deps.lease.untilMs = -Infinity;
    this.cancelCoalescing?.();
    this.wakeLoop?.();
    this.cancelPause?.();
    this.announceFirstJoin?.();
  }
}

function describe({ generation, leaderId, memberId, members }: JoinReply, { partitions }: SyncReply): string {
  const role = leaderId === memberId ? `leader of ${members.length}` : 'member';
  const owned = Array.from(partitions, ([topic, numbers]) => `${topic} ${numbers.join(',')}`).join('; ');
  return `generation ${generation}, ${role}, ${owned === '' ? 'no partitions' : owned}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
