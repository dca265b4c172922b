import type { EngineListener } from '../engine/engine-host.js';
import type { Handler } from '../engine/handler.js';
import type { GroupHealth } from './group-health.js';
import type { PartitionLag } from './group-lag.js';
import type { GroupOptions } from './options.js';
import type { PartitionTarget } from './pauses.js';
import type { SeekTarget } from './seek-target.js';
import type { TopicPartition, WireFactory } from './wire.js';

/** A handler and the topics it reads, by their real names, and by patterns of them. */
export interface TopicHandler extends Handler {
  readonly topics: readonly string[];
  readonly patterns?: readonly RegExp[];
}

/** The state of a group in this process; the names are the public ones. */
export type GroupState = 'stopped' | 'starting' | 'running' | 'rebalancing' | 'draining' | 'failed';

export interface OwnedPartition extends TopicPartition {
  readonly epoch: number;
  /** First offset that will be delivered; absent when it is not known any more. */
  readonly offset?: number;
}

/** Awaited hooks. One that throws is logged by the consumer and the rest goes on. */
export interface GroupHooks {
  assigned(partitions: readonly OwnedPartition[]): Promise<void>;
  revoked(partitions: readonly OwnedPartition[], reason: 'rebalance' | 'shutdown' | 'lost'): Promise<void>;
}

/** What happens, for whoever listens. Every method is optional, and what nobody listens to costs nothing. Never awaited. */
export interface GroupListener extends EngineListener {
  assigned?(partitions: readonly OwnedPartition[], durationMs: number): void;
  revoked?(partitions: readonly OwnedPartition[], durationMs: number): void;
  lost?(partitions: readonly OwnedPartition[], durationMs: number): void;
  committed?(offsets: readonly (TopicPartition & { readonly offset: number })[], durationMs: number): void;
  crashed?(error: unknown, restarting: boolean): void;
}

/** Lines for the log; `debug` is asked for only where it is switched on. */
export interface GroupLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string, error?: unknown): void;
  /** Null when debug lines are off, so that nobody builds a string for nothing. */
  readonly debug: ((message: string) => void) | null;
}

export interface GroupStats {
  readonly state: GroupState;
  readonly memberIds: readonly string[];
  readonly consumedCount: number;
  readonly processedCount: number;
  readonly failedCount: number;
  readonly committedCount: number;
  readonly retriedCount: number;
  readonly skippedCount: number;
  readonly heldCount: number;
  readonly duplicatesDropped: number;
  readonly abandonedCount: number;
  readonly inFlight: number;
  readonly buffered: number;
  readonly rebalanceCount: number;
  readonly partitions: readonly PartitionStats[];
}
export interface PartitionStats extends TopicPartition {
  readonly epoch: number;
  /** −1 without a commit. */
  readonly committedOffset: number;
  readonly committableOffset: number;
  readonly highestReceivedOffset: number;
  readonly pendingCount: number;
  readonly completedAheadCount: number;
  readonly oldestPendingOffset: number | null;
  readonly oldestPendingAgeMs: number | null;
  readonly paused: false | 'buffer' | 'user' | 'held' | 'drain';
  /** From the last fetch; null before the first one. */
  readonly lag: number | null;
}

export interface GroupConsumerDependencies {
  readonly options: GroupOptions;
  readonly handlers: readonly TopicHandler[];
  readonly wire: WireFactory;
  readonly hooks: GroupHooks;
  readonly log: GroupLog;
  /** Topics that no pattern matches. @default none */
  readonly isReserved?: (topic: string) => boolean;
}

/** One consumer group of this process: what the Nest half starts, asks and stops. */
export interface GroupConsumer {
  readonly groupId: string;
  readonly state: GroupState;
  /** Null: nobody listens. */
  listener: GroupListener | null;
  /**
   * Connects and looks for the topics. Rejects with `KafkaConnectionError`, `KafkaMissingTopicError` or
   * `KafkaAmbiguousTopicError`; under `missingTopics: 'wait'` missing topics are looked for in the background.
   */
  connect(): Promise<void>;
  /** Joins the group; resolves once the first join has been sent, not when partitions have arrived. Starts again after a stop. */
  start(): Promise<void>;
  /** Stops taking records, finishes those in flight, commits. Stays a member. Idempotent. */
  drain(timeoutMs: number): Promise<{ completed: number; abandoned: number }>;
  /** Drains, commits, leaves the group and disconnects. Idempotent. */
  stop(timeoutMs: number): Promise<void>;
  redeliverHeld(target?: PartitionTarget): Promise<number>;
  /**
   * Of this process: those in flight finish, nothing else starts, whoever has the partitions then or later, until `resume`.
   * @throws KafkaUnknownPartitionError
   */
  pause(target?: PartitionTarget): void;
  /** @throws KafkaUnknownPartitionError */
  resume(target?: PartitionTarget): void;
  /**
   * Those in flight finish, then everything from the target on is delivered again and what lies before it is done. Resolves once
   * Kafka has the target as the group's commit. @throws KafkaSeekError, KafkaUnknownPartitionError, KafkaConnectionError
   */
  seek(target: SeekTarget): Promise<void>;
  /** Asks the brokers: for the partitions of this process or, also while it is stopped, for all of the group's topics. @throws KafkaConnectionError */
  lag(all: boolean): Promise<readonly PartitionLag[]>;
  stats(): GroupStats;
  /** What health checks look at, computed when asked. `stuckMs`: see `HealthSources`. */
  health(stuckMs: number): GroupHealth;
}
