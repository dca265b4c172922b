import type { Engine } from '../engine/engine.js';
import type { Lease } from '../engine/lease.js';
import type { Clock } from './clock.js';
import { Committer } from './committer.js';
import type { Epochs } from './epochs.js';
import { Fetcher } from './fetcher.js';
import type { GroupHooks, GroupListener, GroupLog } from './group-consumer.js';
import type { MembershipHost } from './membership-host.js';
import type { Pauses } from './pauses.js';
import { Membership } from './membership.js';
import type { GroupOptions } from './options.js';
import { OwnedPartitions } from './owned-partitions.js';
import { ProgressWatch } from './progress-watch.js';
import { StartPositions } from './start-positions.js';
import { TopicMetadata } from './topic-metadata.js';
import type { TopicRoutes } from './topic-routes.js';
import type { Wire } from './wire.js';
import { within } from './within.js';

/** Beside what a broker may wait for records. A fetch ends within its request's timeout, well or badly: one that does not has lost its loop. */
const FETCH_SILENCE_MS = 60_000;
/** In a row: on waking from a freeze the last fetch is long ago, too. */
const SILENT_BEATS = 10;

/** What does not depend on Kafka must not wait longer for it. */
const COORDINATOR_PATIENCE_MS = 3000;

export interface GroupMemberDependencies {
  readonly wire: Wire;
  readonly options: GroupOptions;
  readonly engine: Engine;
  readonly routes: TopicRoutes;
  readonly hooks: GroupHooks;
  readonly epochs: Epochs;
  readonly pauses: Pauses;
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
  readonly progress = new ProgressWatch();
  private readonly starts: StartPositions;
  private isStopped = false;
  private silentBeats = 0;

  constructor(private readonly deps: GroupMemberDependencies) {
    const { wire, options, clock, log, routes, listener } = deps;
    const matches = routes.hasPatterns ? (topic: string): boolean => routes.has(topic) : null;
    this.metadata = new TopicMetadata({ wire, options, clock, log, topics: routes.named, matches });
    this.fetcher = new Fetcher({ wire, options, clock, log, metadata: this.metadata, restart: (queue, offset) => this.owned.restart(queue, offset) });
    this.committer = new Committer({ wire, options, clock, log, identity: () => this.membership.identity, expectsIdentity: () => this.membership.expectsIdentity, listener });
    this.starts = new StartPositions({ wire, options, clock, log });
    this.owned = new OwnedPartitions({
      ...deps,
      handlers: routes,
      starts: this.starts,
      lease: this.lease,
      fetcher: this.fetcher,
      committer: this.committer,
      released: (more) => this.membership.released(more),
      failed: (error) => void this.membership.fail(error),
    });
    this.membership = new Membership({ wire, options, clock, log, lease: this.lease, strategy: options.rebalance.assignment, host: this.host() });
    this.metadata.onChange((change) => {
      const isGone = (topic: string): boolean => !this.metadata.topics.has(topic);
      this.owned.forgetTopics(isGone);
      this.starts.forgetTopics(isGone);
      this.membership.rejoin(change);
    });
  }

  get wire(): Wire {
    return this.deps.wire;
  }

  /** Opens the connections and looks for the topics; answers those that are named and do not exist. */
  async connect(): Promise<readonly string[]> {
    await this.deps.wire.connect();
    await this.metadata.refresh();
    const [refusal] = this.metadata.refusals;
    if (refusal !== undefined) throw refusal;
    return this.deps.routes.named.filter((topic) => !this.metadata.topics.has(topic));
  }

  /** Joins the group. Resolves when the join is on its way; a coordinator that is away is waited for in the background. */
  async start(): Promise<void> {
    await within(this.deps.clock, COORDINATOR_PATIENCE_MS, this.join(), undefined);
  }

  /**
   * What the member owns is finished, committed and handed over, one partition after the other; then the group is left and the
   * connections end. Answers how many handlers were aborted.
   */
  async stop(timeoutMs: number): Promise<number> {
    const { clock, options } = this.deps;
    this.isStopped = true;
    this.owned.close(timeoutMs);
    this.membership.prepareToLeave();
    // The commits that come after the handlers are bounded, too.
    const aborted = await within(clock, timeoutMs + options.sessionTimeoutMs, this.owned.releaseAll(timeoutMs), 0);
    this.starts.stop();
    await this.membership.leave();
    await this.close();
    return aborted;
  }

  /** Finishes and commits what is in flight, and takes nothing any more. */
  drain(timeoutMs: number): Promise<number> {
    return this.owned.finishAll(timeoutMs);
  }

  async close(): Promise<void> {
    this.metadata.stop();
    this.fetcher.stop();
    this.committer.stop();
    await this.deps.wire.close();
  }

  private async join(): Promise<void> {
    try {
      await this.starts.lookBack(this.metadata.topics);
    } catch (error) {
      return this.deps.failed(error);
    }
    if (!this.isStopped) await this.membership.start();
  }

  private host(): MembershipHost {
    const topics = (): string[] => [...this.metadata.topics.keys()].sort();
    return {
      lookForTopics: () => this.metadata.lookForTopics(),
      subscription: topics,
      counts: () => new Map(topics().map((topic) => [topic, this.metadata.topics.get(topic)?.partitions.length ?? 0])),
      claims: () => this.owned.claims,
      releaseAll: (timeoutMs) => this.owned.releaseAll(timeoutMs),
      apply: (partitions, mark) => this.owned.apply(partitions, mark),
      doubt: () => this.owned.doubt(),
      verify: (isWanted) => this.owned.verify(isWanted),
      settled: () => this.committer.identityChanged(),
      lost: (reason) => this.owned.lose(reason),
      proven: (lapsed) => this.proven(lapsed),
      fatal: (error) => this.deps.failed(error),
    };
  }

  private proven(lapsed: boolean): void {
    if (lapsed) this.unpark();
    const nowMs = this.deps.clock.now();
    this.progress.look(this.owned.all, nowMs);
    const silenceMs = FETCH_SILENCE_MS + this.deps.options.fetch.maxWaitMs;
    this.silentBeats = nowMs - this.fetcher.aliveAtMs > silenceMs ? this.silentBeats + 1 : 0;
    if (this.silentBeats < SILENT_BEATS) return;
    this.silentBeats = 0;
    void this.membership.giveUp(`no fetch has come to an end for ${silenceMs} ms, although the coordinator answers`);
  }

  /** What could not start while membership was in doubt may start now. */
  private unpark(): void {
    for (const queue of this.owned.all) queue.unpark();
    this.deps.engine.requestPump();
  }
}
