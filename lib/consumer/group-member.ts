import type { Engine } from '../engine/engine.js';
import type { HandlerQueue } from '../engine/handler-queue.js';
import type { Lease } from '../engine/lease.js';
import { eagerPolicy } from './assignment-policy.js';
import type { Clock } from './clock.js';
import { Committer } from './committer.js';
import { Fetcher } from './fetcher.js';
import type { GroupHooks, GroupListener, GroupLog } from './group-consumer.js';
import { Membership, type MembershipHost } from './membership.js';
import type { GroupOptions } from './options.js';
import { type Epochs, OwnedPartitions } from './owned-partitions.js';
import { StartPositions } from './start-positions.js';
import { TopicMetadata } from './topic-metadata.js';
import type { Wire } from './wire.js';

/** A fetch ends within its request's timeout, well or badly: one that does not has lost its loop. */
const FETCH_SILENCE_MS = 60_000;
/** In a row: on waking from a freeze the last fetch is long ago, too. */
const SILENT_BEATS = 10;

export interface GroupMemberDependencies {
  readonly wire: Wire;
  readonly options: GroupOptions;
  readonly engine: Engine;
  /** By topic. */
  readonly handlers: ReadonlyMap<string, HandlerQueue>;
  readonly hooks: GroupHooks;
  readonly epochs: Epochs;
  readonly clock: Clock;
  readonly log: GroupLog;
  readonly listener: () => GroupListener | null;
  readonly failed: (error: unknown) => void;
}

/**
 * One member of a group: its membership decides what it owns, its fetcher feeds the engine, its committer makes progress
 * durable.
 */
export class GroupMember {
  readonly lease: Lease = { untilMs: -Infinity };
  readonly metadata: TopicMetadata;
  readonly fetcher: Fetcher;
  readonly committer: Committer;
  readonly membership: Membership;
  readonly owned: OwnedPartitions;
  private readonly starts: StartPositions;
  private isStopped = false;
  private silentBeats = 0;

  constructor(private readonly deps: GroupMemberDependencies) {
    const { wire, options, clock, log, handlers, listener } = deps;
    this.metadata = new TopicMetadata({ wire, options, clock, log, topics: [...handlers.keys()] });
    this.fetcher = new Fetcher({ wire, options, clock, log, metadata: this.metadata, restart: (queue, offset) => void this.owned.restart(queue, offset) });
    this.committer = new Committer({ wire, options, clock, log, identity: () => this.membership.identity, listener });
    this.starts = new StartPositions({ wire, options, clock, log });
    this.owned = new OwnedPartitions({ ...deps, starts: this.starts, lease: this.lease, fetcher: this.fetcher, committer: this.committer });
    this.membership = new Membership({ wire, options, clock, log, lease: this.lease, policy: eagerPolicy(options.rebalance.assignment), host: this.host() });
    this.metadata.onChange((change) => this.membership.rejoin(change));
  }

  /** Opens the connections and looks for the topics; answers those that do not exist. */
  async connect(): Promise<readonly string[]> {
    await this.deps.wire.connect();
    await this.metadata.refresh();
    return [...this.deps.handlers.keys()].filter((topic) => !this.metadata.topics.has(topic));
  }

  /** Joins the group. */
  async start(): Promise<void> {
    try {
      await this.starts.lookBack(this.metadata.topics);
    } catch (error) {
      return this.deps.failed(error);
    }
    if (!this.isStopped) await this.membership.start();
  }

  /** What the member owns is finished, committed and given up; the group is left and the connections end. */
  async stop(timeoutMs: number): Promise<number> {
    this.isStopped = true;
    this.starts.stop();
    const aborted = await this.owned.release([...this.owned.all], 'shutdown', timeoutMs);
    await this.membership.leave();
    await this.close();
    return aborted;
  }

  /** Finishes and commits what is in flight, and takes nothing any more. */
  async drain(timeoutMs: number): Promise<number> {
    const aborted = await this.owned.drainForGood(timeoutMs);
    await this.committer.flush([...this.owned.all]);
    return aborted;
  }

  async close(): Promise<void> {
    this.metadata.stop();
    this.fetcher.stop();
    this.committer.stop();
    await this.deps.wire.close();
  }

  private host(): MembershipHost {
    const { options } = this.deps;
    return {
      subscription: () => [...this.metadata.topics.keys()].filter((topic) => this.deps.handlers.has(topic)).sort(),
      owned: () => this.owned.all,
      beforeJoin: async () => void (await this.owned.release([...this.owned.all], 'rebalance', options.rebalance.drainTimeoutMs)),
      assigned: (partitions, isCurrent) => this.owned.take(partitions, isCurrent),
      lost: (reason) => this.owned.lose(reason),
      proven: (lapsed) => this.proven(lapsed),
      fatal: (error) => this.deps.failed(error),
    };
  }

  private proven(lapsed: boolean): void {
    if (lapsed) this.unpark();
    const { clock } = this.deps;
    this.silentBeats = clock.now() - this.fetcher.aliveAtMs > FETCH_SILENCE_MS ? this.silentBeats + 1 : 0;
    if (this.silentBeats < SILENT_BEATS) return;
    this.silentBeats = 0;
    void this.membership.giveUp(`no fetch has come to an end for ${FETCH_SILENCE_MS} ms, although the coordinator answers`);
  }

  /** What could not start while membership was in doubt may start now. */
  private unpark(): void {
    for (const queue of this.owned.all) queue.unpark();
    this.deps.engine.requestPump();
  }
}
