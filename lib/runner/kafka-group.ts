import { createGroupConsumer } from '../consumer/create-group-consumer.js';
import { KafkaConnectionError } from '../consumer/errors.js';
import type { GroupConsumer, GroupHooks, GroupLog, TopicHandler } from '../consumer/group-consumer.js';
import type { GroupOptions } from '../consumer/options.js';
import type { WireFactory } from '../consumer/wire.js';
import type { Decode, HandlerPlace } from '../discovery/handler-context.js';
import type { KafkaConsumerStats, KafkaManyThreadsOptions } from '../interfaces/index.js';
import { detached } from './detached.js';
import { GroupEvents } from './group-events.js';

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

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

  constructor(private readonly deps: KafkaGroupDependencies) {
    const { options, handlers, wire, hooks, log } = deps;
    this.place = { connection: options.connection, groupId: options.groupId };
    this.consumer = detached(() => createGroupConsumer({ options, handlers, wire, hooks, log }));
    this.events = new GroupEvents(this.consumer, this.place, new Map(handlers.map((handler) => [handler, handler.decode])), log);
  }

  get groupId(): string {
    return this.place.groupId;
  }

  /** Connects and joins; where no broker answers and `startFailure` is 'retry', goes on trying after it has resolved. */
  async start(): Promise<void> {
    this.cancelRetry();
    this.isWanted = true;
    await this.attempt(0);
  }

  async stop(): Promise<void> {
    this.cancelRetry();
    this.isWanted = false;
    await this.consumer.stop(this.stopTimeoutMs);
  }

  drain(timeoutMs = this.stopTimeoutMs): Promise<{ completed: number; abandoned: number }> {
    return this.consumer.drain(timeoutMs);
  }

  redeliverHeld(target: { topic?: string; partitions?: readonly number[] }): Promise<number> {
    return this.consumer.redeliverHeld(target);
  }

  stats(): KafkaConsumerStats {
    const { state, memberIds, partitions, ...counts } = this.consumer.stats();
    return {
      ...this.place,
      state: this.retry === null ? state : 'starting',
      memberIds: [...memberIds],
      ...counts,
      deadLetteredCount: 0,
      concurrency: this.deps.options.concurrency,
      partitions: partitions.map((partition) => ({ ...partition })),
    };
  }

  private get stopTimeoutMs(): number {
    return this.deps.module.shutdownTimeoutMs ?? 20_000;
  }

  private async attempt(failures: number): Promise<void> {
    try {
      await detached(() => this.consumer.start());
      this.retry = null;
    } catch (error) {
      if (this.deps.module.startFailure !== 'retry' || !(error instanceof KafkaConnectionError)) throw error;
      if (this.isWanted) this.tryAgain(failures, error);
    }
    // It was stopped while it connected.
    if (!this.isWanted) await this.consumer.stop(0);
  }

  private tryAgain(failures: number, error: Error): void {
    const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10));
    this.deps.log.warn(`${error.message} The next attempt is in ${delayMs} ms`);
    const timer = setTimeout(() => {
      this.attempt(failures + 1).catch((fatal: unknown) => {
        this.retry = null;
        this.deps.log.error(`The consumer of ${this.groupId} does not start`, fatal);
      });
    }, delayMs);
    this.retry = { cancel: () => clearTimeout(timer) };
  }

  private cancelRetry(): void {
    this.retry?.cancel();
    this.retry = null;
  }
}
