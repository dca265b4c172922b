import type { LogLevel } from '@nestjs/common';
import type { ConsumerConfig } from 'kafkajs';
import type { KafkaHandlerDefaults } from './handler-options.interface.js';

/** Named starting points. Built so far: 'balanced' and 'oneAtATime'. */
export type KafkaPreset =
  | 'balanced'
  | 'highThroughput'
  | 'lowLatency'
  | 'reliable'
  | 'streamProcessing'
  | 'strictOrder'
  | 'transactional'
  | 'crossDatacenter'
  | 'oneAtATime';

/** One consumer group of this process, and the defaults of its handlers. Durations are milliseconds. */
export interface KafkaConsumerOptions extends KafkaHandlerDefaults {
  groupId: string;
  /** Options beside it win. 'oneAtATime' is concurrency 1 and a commit after each record. @default 'balanced' */
  preset?: KafkaPreset;
  /** Handlers in flight at once in this process, over all topics and partitions of the group. A range is not built yet. @default 100 */
  concurrency?: number | { min: number; max: number; targetLatencyMs?: number };
  /** 'consumer-per-topic' is not built yet. @default 'shared' */
  mode?: 'shared' | 'consumer-per-topic';
  /** Members of the group that this process runs. @default 1 */
  members?: number;
  /** Limits of what waits for handlers. A partition above one is left out of the next fetch, alone; each may always have one chunk. */
  buffer?: {
    /** Records of a partition in memory, waiting or running. @default 5000 */
    recordsPerPartition?: number;
    /** Not built yet. */
    recordsPerTopic?: number;
    /** Bytes of fetch buffers that records in memory keep alive, over the whole group. @default 67108864 */
    bytes?: number;
  };
  /** 'lag' is not built yet. @default 'fixed' */
  quota?: 'fixed' | 'lag';
  /** Not built yet. */
  topicWeights?: Record<string, number>;
  commit?: KafkaCommitOptions;
  rebalance?: KafkaRebalanceOptions;
  /**
   * Where a partition without a commit begins: at its earliest record, or at its end. The position is committed before the first
   * record. Partitions that are added later begin at their earliest record in either case. @default false
   */
  fromBeginning?: boolean;
  /** 'read_uncommitted' also delivers records of open and aborted transactions. @default 'read_committed' */
  isolation?: 'read_committed' | 'read_uncommitted';
  /** @default { minBytes: 1, maxBytes: 10485760, maxBytesPerPartition: 1048576, maxWaitMs: 250 } */
  fetch?: { minBytes?: number; maxBytes?: number; maxBytesPerPartition?: number; maxWaitMs?: number };
  /** Without a heartbeat for so long the broker gives the member's partitions to others. @default 15000 */
  sessionTimeoutMs?: number;
  /** Below a third of the session timeout. Heartbeats do not depend on handlers. @default 1000 */
  heartbeatIntervalMs?: number;
  /** How long the broker waits for the members at a rebalance. @default 60000 */
  rebalanceTimeoutMs?: number;
  /** Not built yet. @default 60000 */
  transactionTimeoutMs?: number;
  /** Lowest level that this group logs. @default the module's */
  logLevel?: LogLevel;
  /** Whatever else kafkajs's consumer takes; `retry`, `metadataMaxAge`, `rackId` and `maxInFlightRequests` have a meaning here. */
  kafkajs?: Omit<
    ConsumerConfig,
    | 'groupId'
    | 'partitionAssigners'
    | 'sessionTimeout'
    | 'rebalanceTimeout'
    | 'heartbeatInterval'
    | 'minBytes'
    | 'maxBytes'
    | 'maxBytesPerPartition'
    | 'maxWaitTimeInMs'
    | 'readUncommitted'
    | 'allowAutoTopicCreation'
  >;
}

export interface KafkaCommitOptions {
  /**
   * When the gap-free prefix is committed. 'auto': every `intervalMs`. 'batch': also after `records` completions. 'immediate':
   * whenever the commit could move, one request at a time. 'checkpoint' and 'transactional' are not built yet. @default 'auto'
   */
  strategy?: 'auto' | 'batch' | 'immediate' | 'checkpoint' | 'transactional';
  /** @default 500 */
  intervalMs?: number;
  /** @default 1000 */
  records?: number;
  /** Not built yet. */
  store?: KafkaCheckpointStore;
  /** Write what is complete above the committed offset into the commit's metadata, so that a crash does not repeat it. @default true */
  offsetMap?: boolean;
}

/** Not built yet. */
export interface KafkaCheckpoint {
  groupId: string;
  topic: string;
  partition: number;
  offset: number;
  metadata: string;
  timestampMs: number;
}

/** Not built yet. */
export interface KafkaCheckpointStore {
  load(groupId: string, topic: string, partitions: number[]): Promise<KafkaCheckpoint[]>;
  save(checkpoints: KafkaCheckpoint[]): Promise<void>;
}

export interface KafkaRebalanceOptions {
  /** 'eager': everything is drained and committed before the group assembles again. @default 'cooperative' */
  protocol?: 'cooperative' | 'eager';
  /** Who gets which partition. 'load-balanced' and 'affinity' are not built yet. @default 'sticky' */
  assignment?: 'range' | 'round-robin' | 'sticky' | 'load-balanced' | 'affinity';
  /** Not built yet. */
  affinity?: { member: string; partition: (topic: string, partition: number) => string | undefined };
  /** How long handlers of a partition that is given up may go on; then they are aborted, and their records delivered again. @default 120000, eager 30000 */
  drainTimeoutMs?: number;
}
