import { NO_CLAIMS, type TopicPartitions } from '../assignors/claims.js';
import { decodeMark } from '../assignors/user-data.js';
import { messageOf } from './error-text.js';
import { explained } from './remedies.js';
import { joinProtocols } from './assignment-policy.js';
import { backOffMs } from './back-off.js';
import { divideAsLeader } from './divide-as-leader.js';
import { Heartbeat } from './heartbeat.js';
import { LogThrottle } from './log-throttle.js';
import type { MembershipDependencies } from './membership-host.js';
import { RoundSchedule } from './round-schedule.js';
import { Standing } from './standing.js';
import { type JoinReply, type MemberIdentity, type SyncReply, WireError } from './wire.js';
import { within } from './within.js';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2000;
/** Releases within this time cost the group one rebalance. */
const COALESCE_MS = 1000;

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
  /** Since when a rebalance goes on; Infinity while there is none. */
  unsettledSinceMs = Infinity;
  private readonly standing: Standing;
  /** The leader of the last round withheld what others claim. */
  private isHonoured = true;
  private isLeaving = false;
  private preferred: TopicPartitions = NO_CLAIMS.preferred;
  private readonly schedule: RoundSchedule;
  private announceFirstJoin: (() => void) | null = null;
  private failures = 0;
  private readonly throttle: LogThrottle;
  private readonly heartbeat: Heartbeat;
  private loop: Promise<void> | null = null;

  constructor(private readonly deps: MembershipDependencies) {
    const { wire, clock, lease, options } = deps;
    this.schedule = new RoundSchedule(clock);
    this.throttle = new LogThrottle(clock);
    this.standing = new Standing(lease, clock, options.sessionTimeoutMs);
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
    return this.standing.id;
  }
  /** Of the last assignment; null while nothing may be committed. */
  get identity(): MemberIdentity | null {
    return this.standing.identity;
  }
  /** Whether a refused commit can succeed later, with the identity of the next assignment. */
  get expectsIdentity(): boolean {
    return this.loop !== null && this.status !== 'left' && this.status !== 'releasing';
  }

  /** Resolves once the first join is on its way. */
  start(): Promise<void> {
    if (this.loop !== null) return Promise.resolve();
    const announced = new Promise<void>((resolve) => (this.announceFirstJoin = resolve));
    this.schedule.want('start');
    this.loop = this.run();
    return announced;
  }

  /** The group must divide its partitions anew: topics came or went, or have other partitions. */
  rejoin(reason: string): void {
    this.schedule.want(reason);
  }

  /** Claims were dropped, and others wait for the partitions. With `more` to come soon they go together. */
  released(more: boolean): void {
    // Who claims nothing, or has nothing left and leaves, needs no join for it.
    if (this.drainsFirst || this.hasLeft || (this.isLeaving && !more)) return;
    const reason = 'partitions were released';
    if (more) this.schedule.wantWithin(COALESCE_MS, reason);
    else this.schedule.want(reason);
  }

  /** From the next join on the member gets nothing. What it owns is handed over as it is released; then `leave`. */
  prepareToLeave(): void {
    this.isLeaving = true;
  }

  /** Tells the coordinator, which otherwise waits for the session to end; bounded. What was owned has been released. */
  async leave(): Promise<void> {
    if (this.status === 'left') return;
    const { wire, clock, options, log } = this.deps;
    const { id: memberId, confirmed: generation } = this.standing;
    this.end();
    if (memberId === '') return;
    const left = wire.leave({ memberId, generation }).catch((error: unknown) => log.debug?.(`Leaving the group failed: ${messageOf(error)}`));
    await within(clock, options.sessionTimeoutMs, left, undefined);
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

  private enter(status: MembershipState): void {
    this.status = status;
    const isSettled = status === 'stable' || status === 'left';
    this.unsettledSinceMs = isSettled ? Infinity : Math.min(this.unsettledSinceMs, this.deps.clock.now());
  }

  private get hasLeft(): boolean {
    return this.status === 'left';
  }

  private async run(): Promise<void> {
    while (!this.hasLeft) {
      await this.schedule.due();
      const { reason } = this.schedule;
      if (reason === null || this.hasLeft) continue;
      try {
        await this.round(reason);
        this.failures = 0;
        this.throttle.forget('join');
      } catch (error) {
        if (!this.hasLeft) await this.roundFailed(reason, error);
      }
    }
  }

  private async round(reason: string): Promise<void> {
    const { log, clock, host } = this.deps;
    log.debug?.(`Joining: ${reason}`);
    const began = clock.now();
    await host.lookForTopics();
    if (this.drainsFirst && !this.hasLeft) await this.releaseAll();
    if (this.hasLeft) return;
    this.enter('joining');
    const joined = await this.join();
    if (this.hasLeft) return;
    this.enter('syncing');
    const sentAtMs = clock.now();
    const synced = await this.sync(joined);
    if (this.hasLeft) return;
    this.settle(joined, synced);
    log.info(`${reason}: ${describe(joined, synced)}, in ${Math.round(clock.now() - began)} ms`);
    if (this.standing.isSuspect) await this.verify();
    if (this.hasLeft || this.standing.isSuspect) return;
    this.enter('stable');
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
    this.enter('releasing');
    this.preferred = host.claims().owned;
    // The cooperative limit is longer than a group waits for a member.
    await host.releaseAll(protocol === 'eager' ? drainTimeoutMs : Math.min(drainTimeoutMs, options.rebalanceTimeoutMs / 2));
  }

  /** Claims are as of this moment; a wish of before is served by it, and what is wished from here on needs another join. */
  private async join(): Promise<JoinReply> {
    const { wire, options, host } = this.deps;
    this.schedule.served();
    const claims = { ...host.claims(), generation: this.standing.confirmed, preferred: this.preferred, leaving: this.isLeaving, counts: host.counts() };
    const { sessionTimeoutMs, rebalanceTimeoutMs } = options;
    const protocols = joinProtocols(host.subscription(), claims);
    const identified = (memberId: string): void => void (this.standing.id = memberId);
    const reply = wire.join({ memberId: this.standing.id, sessionTimeoutMs, rebalanceTimeoutMs, protocols, identified });
    this.announceFirstJoin?.();
    const joined = await reply;
    this.standing.id = joined.memberId;
    return joined;
  }

  private async sync(joined: JoinReply): Promise<SyncReply> {
    const { wire, strategy, clock, log } = this.deps;
    const { memberId, generation, protocol } = joined;
    this.heartbeat.start({ memberId, generation });
    const assignments = joined.leaderId === memberId ? await divideAsLeader(joined, { wire, strategy, clock, log }) : [];
    return wire.sync({ memberId, generation, protocol, assignments });
  }

  /** In one step, so that nothing happens between the generation and what it means for the partitions. */
  private settle({ memberId, generation }: JoinReply, synced: SyncReply): void {
    const { host } = this.deps;
    const mark = decodeMark(synced.userData);
    if (this.standing.hasMissed(generation)) this.suspect();
    this.standing.confirm({ memberId, generation });
    // A heartbeat that was refused while the assignment was under way has stopped them.
    this.heartbeat.start({ memberId, generation });
    this.rebalances++;
    this.isHonoured = mark.honoured;
    this.preferred = NO_CLAIMS.preferred;
    host.apply(synced.partitions, mark);
    const isGiven = [...synced.partitions.values()].some((partitions) => partitions.length > 0);
    if (this.isLeaving && isGiven && mark.honoured) this.schedule.want('a member that leaves was given partitions');
  }

  private suspect(): void {
    this.standing.suspect();
    this.deps.host.doubt();
  }

  private async verify(): Promise<void> {
    this.enter('verifying');
    if (await this.deps.host.verify(() => this.schedule.reason === null && !this.hasLeft)) this.standing.isSuspect = false;
  }

  private prove(sentAtMs: number): void {
    const couldNotStart = this.standing.prove(sentAtMs);
    if (!this.standing.isSuspect) this.deps.host.proven(couldNotStart);
  }

  private async roundFailed(reason: string, error: unknown): Promise<void> {
    const { log } = this.deps;
    const kind = error instanceof WireError ? error.kind : 'unavailable';
    if (kind === 'fatal' || kind === 'too-large') return this.fail(error);
    if (kind === 'unknown-member') this.identityGone();
    this.schedule.want(reason);
    // The group assembles again while this member waits for its assignment, and waits for this member in turn.
    const isRoutine = this.status === 'syncing' && (kind === 'rebalancing' || kind === 'fenced');
    if (isRoutine) return;
    const delayMs = kind === 'unavailable' || kind === 'moved' || this.failures > 0 ? backOffMs(this.failures, FIRST_RETRY_MS, LONGEST_RETRY_MS) : 0;
    this.failures++;
    const message = `Joining failed (${explained(error)}); again in ${delayMs} ms`;
    if (this.failures > 3 && kind === 'unavailable' && this.throttle.allows('join')) log.warn(message);
    else log.debug?.(message);
    await this.schedule.pause(delayMs);
  }

  /** What was heard during a round is what the round is about, or the next heartbeat says it again. */
  private wantUnlessJoining(reason: string): void {
    if (this.status === 'stable' || this.status === 'verifying') this.schedule.want(reason);
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
    this.standing.forgetId();
    this.suspect();
  }

  private end(): void {
    this.enter('left');
    this.heartbeat.stop();
    this.standing.end();
    this.schedule.end();
    this.announceFirstJoin?.();
  }
}

function describe({ generation, leaderId, memberId, members }: JoinReply, { partitions }: SyncReply): string {
  const role = leaderId === memberId ? `leader of ${members.length}` : 'member';
  const owned = Array.from(partitions, ([topic, numbers]) => `${topic} ${numbers.join(',')}`).join('; ');
  return `generation ${generation}, ${role}, ${owned === '' ? 'no partitions' : owned}`;
}
