import { type Claims, NO_CLAIMS } from '../assignors/claims.js';
import type { Lease } from '../engine/lease.js';
import type { AssignmentPolicy } from './assignment-policy.js';
import { backOffMs } from './back-off.js';
import type { Clock } from './clock.js';
import type { GroupLog } from './group-consumer.js';
import { Heartbeat } from './heartbeat.js';
import type { GroupOptions } from './options.js';
import { type JoinReply, type MemberIdentity, type SyncReply, type TopicMetadata, type TopicPartition, type Wire, WireError } from './wire.js';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2000;

export interface MembershipHost {
  /** Topics that exist, sorted: what a join announces. */
  subscription(): readonly string[];
  owned(): Iterable<TopicPartition>;
  /** Drains, commits and releases everything owned. Heartbeats go on meanwhile. The host bounds how long it takes. */
  beforeJoin(reason: string): Promise<void>;
  /** What the group's leader has assigned. `isCurrent` turns false when the group assembles again. */
  assigned(partitions: ReadonlyMap<string, readonly number[]>, isCurrent: () => boolean): Promise<void>;
  /** The identity is gone: what was owned may belong to others by now. */
  lost(reason: string): Promise<void>;
  /** The coordinator has just proven membership; `lapsed` where nothing could be started before. */
  proven(lapsed: boolean): void;
  /** No repetition will help. The member has stopped by itself. */
  fatal(error: unknown): void;
}

export interface MembershipDependencies {
  readonly wire: Wire;
  readonly options: GroupOptions;
  readonly lease: Lease;
  readonly policy: AssignmentPolicy;
  readonly host: MembershipHost;
  readonly clock: Clock;
  readonly log: GroupLog;
}

export type MembershipState = 'idle' | 'releasing' | 'joining' | 'syncing' | 'stable' | 'left';

/**
 * A member's place in its group. One loop, so that no two rounds ever overlap:
 *
 * ```
 *            wish               released          generation          assigned
 *   IDLE ----------> RELEASING ----------> JOINING ----------> SYNCING ----------> STABLE
 *                        ^                    ^------ refused -----|                  |
 *                        |------------------------------------------------------------|
 *                              wish: the group assembles again, topics changed, fenced
 *   any ---- leave, give up, fatal ----> LEFT
 * ```
 *
 * Heartbeats run in STABLE and RELEASING. A wish that comes during a round is served after it. While a join waits in the broker
 * nothing is owned, and the waiting request itself keeps the member alive.
 */
export class Membership {
  /** Completed rounds. */
  rebalances = 0;
  private status: MembershipState = 'idle';
  private current: MemberIdentity | null = null;
  private id = '';
  private wish: string | null = null;
  private wakeLoop: (() => void) | null = null;
  private announceFirstJoin: (() => void) | null = null;
  private failures = 0;
  private claims: Claims = NO_CLAIMS;
  private readonly heartbeat: Heartbeat;
  private loop: Promise<void> | null = null;
  private cancelPause: (() => void) | null = null;

  constructor(private readonly deps: MembershipDependencies) {
    const { wire, clock, lease, options, host } = deps;
    this.heartbeat = new Heartbeat({
      wire,
      clock,
      lease,
      intervalMs: options.heartbeatIntervalMs,
      sessionTimeoutMs: options.sessionTimeoutMs,
      proven: (lapsed) => host.proven(lapsed),
      rebalancing: () => this.want('the group assembles again'),
      failed: (identity, error) => void this.heartbeatFailed(identity, error),
    });
  }

  get state(): MembershipState {
    return this.status;
  }
  /** Empty before the coordinator has given one. */
  get memberId(): string {
    return this.id;
  }
  /** Of the last round; null while nothing may be committed. */
  get identity(): MemberIdentity | null {
    return this.current;
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
    this.claims = { ...this.claims, sequence: this.claims.sequence + 1 };
    this.want(reason);
  }

  /** What is owned has been released. Tells the coordinator, which otherwise waits for the session to end; bounded. */
  async leave(): Promise<void> {
    if (this.status === 'left') return;
    const identity = this.current ?? { memberId: this.id, generation: -1 };
    this.end();
    if (identity.memberId === '') return;
    const { wire, clock, options, log } = this.deps;
    let cancel = (): void => {};
    const deadline = new Promise<void>((resolve) => (cancel = clock.later(options.sessionTimeoutMs, resolve)));
    const left = wire.leave(identity).catch((error: unknown) => log.debug?.(`Leaving the group failed: ${messageOf(error)}`));
    await Promise.race([left, deadline]);
    cancel();
  }

  /**
   * A member whose fetching is dead must not hold its partitions for ever, which heartbeats of their own would let it: it
   * leaves, so that others take over, and reports itself failed.
   */
  async giveUp(reason: string): Promise<void> {
    if (this.status === 'left') return;
    await this.fail(new Error(`The member gives its partitions up: ${reason}`));
  }

  private want(reason: string): void {
    this.wish ??= reason;
    this.wakeLoop?.();
  }

  private async run(): Promise<void> {
    while (!this.hasLeft) {
      if (this.wish === null) {
        await new Promise<void>((resolve) => (this.wakeLoop = resolve));
        continue;
      }
      const reason = this.wish;
      this.wish = null;
      try {
        await this.round(reason);
        this.failures = 0;
      } catch (error) {
        if (!this.hasLeft) await this.roundFailed(reason, error);
      }
    }
  }

  private get hasLeft(): boolean {
    return this.status === 'left';
  }

  private async round(reason: string): Promise<void> {
    const { host, log, clock } = this.deps;
    log.debug?.(`Joining: ${reason}`);
    this.claims = { ...this.claims, generation: this.current?.generation ?? -1, owned: byTopic(host.owned()) };
    this.status = 'releasing';
    await host.beforeJoin(reason);
    if (this.hasLeft) return;
    this.heartbeat.stop();
    this.current = null;
    this.status = 'joining';
    const began = clock.now();
    // A wish of before is served by this join; what is wished from here on needs another one.
    this.wish = null;
    const joined = await this.join();
    if (this.hasLeft) return;
    this.status = 'syncing';
    const synced = await this.sync(joined);
    if (this.hasLeft) return;
    this.rebalances++;
    const durationMs = Math.round(clock.now() - began);
    log.info(`${reason}: ${describe(joined, synced)}, in ${durationMs} ms`);
    await host.assigned(synced.partitions, () => this.wish === null && this.current?.generation === joined.generation);
  }

  private async join(): Promise<JoinReply> {
    const { wire, options, host, policy } = this.deps;
    const request = {
      memberId: this.id,
      sessionTimeoutMs: options.sessionTimeoutMs,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs,
      protocols: policy.protocols(host.subscription(), this.claims),
    };
    const reply = wire.join(request);
    this.announceFirstJoin?.();
    const joined = await reply;
    this.id = joined.memberId;
    return joined;
  }

  private async sync(joined: JoinReply): Promise<SyncReply> {
    const { wire, clock } = this.deps;
    const { memberId, generation, protocol } = joined;
    const assignments = joined.leaderId === memberId ? await this.divide(joined) : [];
    const sentAtMs = clock.now();
    const synced = await wire.sync({ memberId, generation, protocol, assignments });
    if (this.hasLeft) return synced;
    this.current = { memberId, generation };
    this.status = 'stable';
    this.heartbeat.start(this.current);
    this.heartbeat.prove(sentAtMs);
    return synced;
  }

  private async divide({ members }: JoinReply): Promise<ReturnType<AssignmentPolicy['assign']>> {
    const { wire, policy } = this.deps;
    const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
    const layouts = topics.length === 0 ? new Map<string, TopicMetadata>() : await wire.metadata(topics);
    const counts = new Map(Array.from(layouts.values(), ({ topic, partitions }) => [topic, partitions.length]));
    return policy.assign(members, counts);
  }

  private async roundFailed(reason: string, error: unknown): Promise<void> {
    const { log, clock } = this.deps;
    const kind = error instanceof WireError ? error.kind : 'unavailable';
    if (kind === 'fatal' || kind === 'too-large') return this.fail(error);
    if (kind === 'unknown-member') this.id = '';
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

  private async heartbeatFailed(identity: MemberIdentity, error: unknown): Promise<void> {
    if (this.current !== identity) return;
    const kind = error instanceof WireError ? error.kind : 'unavailable';
    switch (kind) {
      case 'fenced':
        return this.identityGone('its generation is over');
      case 'unknown-member':
        this.id = '';
        return this.identityGone('the coordinator does not know the member any more');
      case 'fatal':
        return this.fail(error);
      default:
        // Nobody said no. The lease ends by itself, and the next answer decides.
        this.deps.log.debug?.(`No heartbeat: ${messageOf(error)}`);
    }
  }

  private async identityGone(reason: string): Promise<void> {
    this.heartbeat.stop();
    this.current = null;
    this.deps.lease.untilMs = -Infinity;
    await this.deps.host.lost(reason);
    this.want(reason);
  }

  private async fail(error: unknown): Promise<void> {
    const { host } = this.deps;
    const leaving = this.leave();
    await host.lost(messageOf(error));
    await leaving;
    host.fatal(error);
  }

  private end(): void {
    this.status = 'left';
    this.heartbeat.stop();
    this.current = null;
    this.deps.lease.untilMs = -Infinity;
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

function byTopic(partitions: Iterable<TopicPartition>): ReadonlyMap<string, readonly number[]> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const numbers = topics.get(topic);
    if (numbers === undefined) topics.set(topic, [partition]);
    else numbers.push(partition);
  }
  return topics;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
