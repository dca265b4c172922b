import type { Delivery } from '../engine/delivery.js';
import { Engine } from '../engine/engine.js';
import type { PartitionQueue } from '../engine/partition-queue.js';
import { BrokerContact } from './broker-contact.js';
import { type Clock, systemClock } from './clock.js';
import { ContactWire } from './contact-wire.js';
import { Deadlines } from './deadlines.js';
import { Epochs } from './epochs.js';
import { type KafkaAmbiguousTopicError, KafkaConnectionError, KafkaHandlerTimeoutError, KafkaMissingTopicError, KafkaRefusedError } from './errors.js';
import type { GroupConsumer, GroupConsumerDependencies, GroupListener, GroupState, GroupStats } from './group-consumer.js';
import { GroupControl } from './group-control.js';
import { type GroupHealth, healthOf } from './group-health.js';
import type { PartitionLag } from './group-lag.js';
import { GroupMember } from './group-member.js';
import { GroupTotals, statsOf } from './group-stats.js';
import type { PartitionTarget } from './pauses.js';
import type { SeekTarget } from './seek-target.js';
import { explained } from './remedies.js';
import { TopicRoutes } from './topic-routes.js';
import { WireError } from './wire.js';

export function createGroupConsumer(deps: GroupConsumerDependencies, clock: Clock = systemClock): GroupConsumer {
  return new Group(deps, clock);
}

/** What the application asked for; what the members have made of it so far is in `state`. */
type Phase = 'stopped' | 'connected' | 'started' | 'draining' | 'failed';

/** The members of a group in this process, and the one engine that runs their handlers. */
class Group implements GroupConsumer {
  private readonly engine: Engine;
  private readonly routes: TopicRoutes;
  private readonly deadlines: Deadlines;
  private readonly epochs = new Epochs();
  private readonly totals = new GroupTotals();
  private readonly contact: BrokerContact;
  private readonly control: GroupControl;
  private members: readonly GroupMember[] = [];
  private phase: Phase = 'stopped';
  private connecting: Promise<void> | null = null;
  private starting: Promise<void> | null = null;
  private stopping: Promise<void> | null = null;
  private draining: Promise<{ completed: number; abandoned: number }> | null = null;
  private listening: GroupListener | null = null;
  /** Found while it connects: it must not start. */
  private ambiguous: KafkaAmbiguousTopicError | null = null;
  /** Why it ended without being asked to. */
  private endedBy: string | null = null;

  constructor(
    private readonly deps: GroupConsumerDependencies,
    private readonly clock: Clock,
  ) {
    const { concurrency, buffer, heartbeatIntervalMs } = deps.options;
    this.contact = new BrokerContact(heartbeatIntervalMs);
    this.deadlines = new Deadlines(clock, () => this.engine.tick());
    this.engine = new Engine(
      { concurrency, ...buffer },
      {
        now: () => clock.now(),
        wakeAt: (dueMs) => this.deadlines.wakeAt(dueMs),
        roomAppeared: () => this.wakeFetchers(),
        stopRequested: (delivery, error) => this.stopRequested(delivery, error),
        timeoutError: (delivery, timeoutMs) => new KafkaHandlerTimeoutError(delivery.queue.handler.handler.name, timeoutMs),
        later: (work) => clock.nextTurn(work),
      },
    );
    this.routes = this.createRoutes();
    this.control = new GroupControl({
      ...deps,
      routes: this.routes,
      members: () => (this.phase === 'stopped' || this.phase === 'failed' ? [] : this.members),
      isRunning: () => this.phase === 'started' && this.stopping === null,
    });
  }

  get groupId(): string {
    return this.deps.options.groupId;
  }

  get state(): GroupState {
    if (this.phase === 'stopped' || this.phase === 'connected') return this.starting === null ? 'stopped' : 'starting';
    if (this.phase === 'draining' || this.phase === 'failed') return this.phase;
    if (this.members.some(({ membership }) => membership.rebalances === 0)) return 'starting';
    return this.members.every(({ membership }) => membership.state === 'stable') ? 'running' : 'rebalancing';
  }

  get listener(): GroupListener | null {
    return this.listening;
  }
  set listener(listener: GroupListener | null) {
    this.listening = listener;
    this.engine.listener = listener;
  }

  connect(): Promise<void> {
    if (this.phase !== 'stopped') return Promise.resolve();
    this.connecting ??= this.connectMembers().finally(() => (this.connecting = null));
    return this.connecting;
  }

  start(): Promise<void> {
    if (this.starting !== null) return this.starting;
    const starting = this.startMembers().finally(() => {
      if (this.starting === starting) this.starting = null;
    });
    this.starting = starting;
    return starting;
  }

  drain(timeoutMs: number): Promise<{ completed: number; abandoned: number }> {
    this.draining ??= this.drainMembers(timeoutMs);
    return this.draining;
  }

  /** A second one may be in more of a hurry: of two deadlines the earlier one counts. */
  stop(timeoutMs: number): Promise<void> {
    return this.whileStopping(async () => {
      if (this.phase === 'started') this.phase = 'draining';
      // A start that still waits for an answer of Kafka is over, and is not the next one.
      this.starting = null;
      await this.endMembers(timeoutMs);
      this.phase = 'stopped';
    });
  }

  pause(target?: PartitionTarget): void {
    this.control.pause(target);
  }
  resume(target?: PartitionTarget): void {
    this.control.resume(target);
  }
  seek(target: SeekTarget): Promise<void> {
    return this.control.seek(target);
  }
  lag(all: boolean): Promise<readonly PartitionLag[]> {
    return this.control.lag(all);
  }

  redeliverHeld({ topic, partitions }: PartitionTarget = {}): Promise<number> {
    let redelivered = 0;
    for (const queue of this.queues()) {
      if (topic !== undefined && queue.topic !== topic) continue;
      if (partitions !== undefined && !partitions.includes(queue.partition)) continue;
      redelivered += queue.redeliverHeld();
    }
    return Promise.resolve(redelivered);
  }

  stats(): GroupStats {
    return statsOf({ state: this.state, engine: this.engine, members: this.members, totals: this.totals, nowMs: this.clock.now() });
  }

  health(stuckMs: number): GroupHealth {
    const { state, engine, members, contact, endedBy } = this;
    const hasJoined = this.totals.hasJoined || haveJoined(members);
    return healthOf({ state, hasJoined, endedBy, engine, members, contact, stuckMs, nowMs: this.clock.now() });
  }

  private async connectMembers(): Promise<void> {
    const members = Array.from({ length: this.deps.options.members }, () => this.newMember());
    // A stop ends them, connected or not.
    this.members = members;
    this.ambiguous = null;
    try {
      const [missing] = await Promise.all(members.map((member) => member.connect()));
      this.requireOneReader();
      if (missing.length > 0 && this.deps.options.missingTopics === 'throw') throw new KafkaMissingTopicError(missing, this.groupId);
      if (missing.length > 0) this.deps.log.warn(`Topics ${missing.join(', ')} do not exist yet; they are consumed once they do`);
      if (this.members !== members) throw new Error('it was stopped');
    } catch (error) {
      const wasStopped = this.stopping !== null || this.members !== members;
      if (this.members === members) this.members = [];
      await Promise.all(members.map((member) => member.close()));
      if (wasStopped) throw new Error(`The consumer of ${this.groupId} was stopped while it connected`, { cause: error });
      if (!(error instanceof WireError)) throw error;
      throw error.kind === 'fatal' ? new KafkaRefusedError(`The consumer of group ${this.groupId}`, error.code, error, this.groupId) : new KafkaConnectionError(`The consumer of group ${this.groupId}`, error);
    }
    for (const line of this.routes.describe(members[0]?.metadata.topics.keys() ?? [])) this.deps.log.info(line);
    this.phase = 'connected';
    const unknown = this.control.unknownPauses();
    if (unknown.length > 0) this.deps.log.warn(`${unknown.join(', ')} do not exist (yet): pause or resume has named them before the start`);
  }

  private async startMembers(): Promise<void> {
    while (this.stopping !== null) await this.stopping;
    await this.draining;
    if (this.phase === 'draining' || this.phase === 'failed') await this.stop(0);
    if (this.phase === 'started') return;
    await this.connect();
    this.endedBy = null;
    this.phase = 'started';
    await Promise.all(this.members.map((member) => member.start()));
  }

  private async drainMembers(timeoutMs: number): Promise<{ completed: number; abandoned: number }> {
    // Nobody who drains wants it to begin afterwards.
    await this.starting?.catch(() => undefined);
    if (this.phase !== 'started') {
      this.draining = null;
      return { completed: 0, abandoned: 0 };
    }
    this.phase = 'draining';
    const { counters } = this.engine;
    const before = counters.processed + counters.skipped;
    const aborted = await Promise.all(this.members.map((member) => member.drain(timeoutMs)));
    return { completed: counters.processed + counters.skipped - before, abandoned: aborted.reduce((sum, count) => sum + count, 0) };
  }

  private whileStopping(work: () => Promise<void>): Promise<void> {
    const stopping = Promise.all([this.stopping, work()]).then(() => {
      if (this.stopping === stopping) this.stopping = null;
    });
    this.stopping = stopping;
    return stopping;
  }

  private async endMembers(timeoutMs: number): Promise<void> {
    const { members } = this;
    await Promise.all(members.map((member) => member.stop(timeoutMs)));
    if (this.members !== members) return;
    this.totals.hasJoined ||= haveJoined(members);
    for (const member of members) this.totals.keep(member);
    if (this.engine.deadlines.earliestMs === null) this.deadlines.cancelAll();
    this.members = [];
    this.draining = null;
  }

  private newMember(): GroupMember {
    const { options, hooks, log, wire } = this.deps;
    return new GroupMember({
      wire: new ContactWire(wire(), this.contact, this.clock),
      options,
      hooks,
      log,
      engine: this.engine,
      routes: this.routes,
      epochs: this.epochs,
      pauses: this.control.pauses,
      clock: this.clock,
      listener: () => this.listening,
      failed: (error) => this.failed(error),
    });
  }

  private requireOneReader(): void {
    if (this.ambiguous !== null) throw this.ambiguous;
  }

  private createRoutes(): TopicRoutes {
    const { handlers, isReserved = () => false } = this.deps;
    const routes = handlers.map((handler) => ({ handler: this.engine.handlerQueue(handler), topics: handler.topics, patterns: handler.patterns ?? [] }));
    const reported = new Set<string>();
    const ambiguous = (error: KafkaAmbiguousTopicError): void => {
      if (this.phase === 'stopped') this.ambiguous ??= error;
      else if (!reported.has(error.topic)) this.deps.log.error('A new topic is read by nobody', error);
      reported.add(error.topic);
    };
    return new TopicRoutes(routes, { groupId: this.groupId, isReserved, ambiguous });
  }

  private *queues(): Generator<PartitionQueue, void, undefined> {
    for (const member of this.members) yield* member.owned.all;
  }

  private wakeFetchers(): void {
    for (const member of this.members) member.fetcher.wake();
  }

  /** `onExhausted: 'stop'`: the record stays uncommitted, and this process leaves the group. */
  private stopRequested(delivery: Delivery, error: unknown): void {
    const { name } = delivery.queue.handler.handler;
    this.endedBy = `${name} failed for good at ${delivery.topic}/${delivery.partition} offset ${delivery.offset}`;
    this.deps.log.error(`${this.endedBy}: the consumer of ${this.groupId} stops, as onExhausted says`, error);
    void this.stop(this.deps.options.rebalance.drainTimeoutMs);
  }

  /** One member has ended by itself. The others end, too: what has half failed would neither be restarted nor be left alone. */
  private failed(cause: unknown): void {
    const { log, options } = this.deps;
    const error = cause instanceof WireError ? new KafkaRefusedError(`The consumer of group ${this.groupId}`, cause.code, cause, this.groupId) : cause;
    const isRunning = this.stopping === null && (this.phase === 'started' || this.phase === 'draining');
    if (!isRunning) return log.error(`A member of ${this.groupId} failed while the consumer stopped`, error);
    this.phase = 'failed';
    this.endedBy = explained(cause);
    log.error(`The consumer of ${this.groupId} has stopped for good: start it again once the cause is gone`, error);
    this.listening?.crashed?.(error, false);
    void this.whileStopping(() => this.endMembers(options.rebalance.drainTimeoutMs));
  }
}

function haveJoined(members: readonly GroupMember[]): boolean {
  return members.length > 0 && members.every(({ membership }) => membership.rebalances > 0);
}
