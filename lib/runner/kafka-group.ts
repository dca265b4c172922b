import { createGroupConsumer } from '../consumer/create-group-consumer.js';
import { KafkaConnectionError } from '../consumer/errors.js';
import type { GroupConsumer, GroupHooks, GroupLog, TopicHandler } from '../consumer/group-consumer.js';
import { messageOf } from '../consumer/error-text.js';
import type { GroupHealth } from '../consumer/group-health.js';
import type { GroupOptions } from '../consumer/options.js';
import type { PartitionTarget } from '../consumer/pauses.js';
import type { SeekTarget } from '../consumer/seek-target.js';
import type { WireFactory } from '../consumer/wire.js';
import type { Decode, HandlerPlace } from '../discovery/handler-context.js';
import type { KafkaConsumerStats, KafkaLag, KafkaManyThreadsOptions } from '../interfaces/index.js';
import { isReserved } from '../options/topic-names.js';
import { detached } from './detached.js';
import { GroupEvents } from './group-events.js';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
/** How long a start under `startFailure: 'retry'` waits for its first attempt. */
const BOOT_PATIENCE_MS = 3000;

export interface DecodingHandler extends TopicHandler {
  readonly decode: Decode;
}
export interface KafkaGroupDependencies {
  readonly options: GroupOptions;
  readonly handlers: readonly DecodingHandler[];
  readonly wire: WireFactory;
  readonly hooks: GroupHooks;
  readonly log: GroupLog;
  readonly module: Pick<KafkaManyThreadsOptions, 'startFailure' | 'shutdownTimeoutMs'>;
}

/** One consumer group of the application: starts it as the options say, and speaks of it in the public terms. */
export class KafkaGroup {
  readonly place: HandlerPlace;
  readonly events: GroupEvents;
  private readonly consumer: GroupConsumer;
  private retry: { readonly cancel: () => void } | null = null;
  private isWanted = false;
  private attempts = 0;
  /** Why it does not start in the background: no repetition will help. */
  private givenUpBy: string | null = null;

  constructor(private readonly deps: KafkaGroupDependencies) {
    const { options, handlers, wire, hooks, log } = deps;
    this.place = { connection: options.connection, groupId: options.groupId };
    this.consumer = detached(() => createGroupConsumer({ options, handlers, wire, hooks, log, isReserved }));
    this.events = new GroupEvents(this.consumer, this.place, new Map(handlers.map((handler) => [handler, handler.decode])), log);
  }

  get groupId(): string {
    return this.place.groupId;
  }

  /**
   * Connects and joins. Where `startFailure` is 'retry' it waits for that a while, and goes on trying after it has resolved: what
   * does not depend on Kafka must not wait for its connection timeouts.
   */
  async start(): Promise<void> {
    this.cancelRetry();
    this.givenUpBy = null;
    this.isWanted = true;
    const attempt = this.attempt(0);
    if (!this.mayRetry) return attempt;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), BOOT_PATIENCE_MS)));
    const outcome = await Promise.race([attempt, patience]).finally(() => clearTimeout(timer));
    if (outcome === 'late') attempt.catch((error: unknown) => this.failedLater(error));
  }

  async stop(): Promise<void> {
    this.cancelRetry();
    this.givenUpBy = null;
    this.isWanted = false;
    const before = this.consumer.stats();
    const beganMs = performance.now();
    await this.consumer.stop(this.stopTimeoutMs);
    if (before.state === 'stopped') return;
    const finished = this.consumer.stats().processedCount - before.processedCount;
    const held = before.heldCount === 0 ? '' : `, ${before.heldCount} held records stay uncommitted`;
    this.deps.log.info(`Stopped in ${Math.round(performance.now() - beganMs)} ms: ${finished} records finished meanwhile${held}; the group is left`);
  }

  drain(timeoutMs = this.stopTimeoutMs): Promise<{ completed: number; abandoned: number }> {
    return this.consumer.drain(timeoutMs);
  }

  redeliverHeld(target: PartitionTarget): Promise<number> {
    return this.consumer.redeliverHeld(target);
  }
  pause(target: PartitionTarget): void {
    this.consumer.pause(target);
  }
  resume(target: PartitionTarget): void {
    this.consumer.resume(target);
  }
  seek(target: SeekTarget): Promise<void> {
    return detached(() => this.consumer.seek(target));
  }

  async lag(all: boolean): Promise<KafkaLag[]> {
    const rows = await detached(() => this.consumer.lag(all));
    return rows.map((row) => ({ groupId: this.groupId, ...row }));
  }

  stats(): KafkaConsumerStats {
    const { state, memberIds, partitions, ...counts } = this.consumer.stats();
    return {
      ...this.place,
      state: this.stateFrom(state),
      memberIds: [...memberIds],
      ...counts,
      deadLetteredCount: 0,
      concurrency: this.deps.options.concurrency,
      partitions: partitions.map((partition) => ({ ...partition })),
    };
  }

  health(stuckMs: number): GroupHealth {
    const health = this.consumer.health(stuckMs);
    return { ...health, state: this.stateFrom(health.state), endedBy: this.givenUpBy ?? health.endedBy };
  }

  private stateFrom(state: KafkaConsumerStats['state']): KafkaConsumerStats['state'] {
    if (state !== 'stopped') return state;
    if (this.givenUpBy !== null) return 'failed';
    return this.retry !== null || this.attempts > 0 ? 'starting' : 'stopped';
  }

  private get mayRetry(): boolean {
    return this.deps.module.startFailure === 'retry';
  }

  private get stopTimeoutMs(): number {
    return this.deps.module.shutdownTimeoutMs ?? 20_000;
  }

  private async attempt(failures: number): Promise<void> {
    this.attempts++;
    try {
      await detached(() => this.consumer.start());
      this.retry = null;
    } catch (error) {
      if (!this.mayRetry || !(error instanceof KafkaConnectionError)) throw error;
      if (this.isWanted) this.tryAgain(failures, error);
    } finally {
      this.attempts--;
    }
    // It was stopped while it connected.
    if (!this.isWanted) await this.consumer.stop(0);
  }

  private tryAgain(failures: number, error: Error): void {
    this.cancelRetry();
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10));
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    this.deps.log.warn(`The consumer of group ${this.groupId} reached no Kafka broker (${cause}); the next attempt is in ${delayMs} ms`);
    const timer = setTimeout(() => void this.attempt(failures + 1).catch((fatal: unknown) => this.failedLater(fatal)), delayMs);
    this.retry = { cancel: () => clearTimeout(timer) };
  }

  private failedLater(error: unknown): void {
    if (!this.isWanted) return;
    this.retry = null;
    this.givenUpBy = messageOf(error);
    this.deps.log.error(`The consumer of ${this.groupId} does not start`, error);
  }

  private cancelRetry(): void {
    this.retry?.cancel();
    this.retry = null;
  }
}
