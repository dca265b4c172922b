import type { CompressionTypes, IHeaders, ProducerConfig } from 'kafkajs';

/** A message for `KafkaProducerService.send`. */
export interface KafkaOutgoing {
  /** Decides the partition, and the order. Without one the partitions take turns. @default null */
  key?: string | Buffer | null;
  /** Goes through the connection's codec; null is a tombstone and does not. */
  value: unknown;
  headers?: IHeaders;
  /** Wins over the partitioner. */
  partition?: number;
  /** Milliseconds since 1970. @default now */
  timestampMs?: number;
}

export interface KafkaSendOptions {
  /** −1: all in-sync replicas. 1: the leader alone, whose loss loses records. 0: nobody, nothing is known and offsets are '-1'. @default -1 */
  acks?: number;
  /** kafkajs's `CompressionTypes`; others than None and GZIP need a codec that is registered with kafkajs. @default none */
  compression?: CompressionTypes;
}

/**
 * Options of a connection's producer: kafkajs's, as far as they have a meaning here, and two of our own. `idempotent` is true by
 * default: what is sent again after a lost answer is in the log once. `retry.retries` are unlimited within `deliveryTimeoutMs`,
 * `retry.initialRetryTime` is 50 ms and `retry.maxRetryTime` 1,000.
 */
export interface KafkaProducerOptions extends ProducerConfig {
  /** How long a send may take before it rejects with `KafkaNotAcknowledgedError`. A request under way by then is waited for. @default 120000 */
  deliveryTimeoutMs?: number;
  /** Bytes that may wait; above them a send rejects with `KafkaProducerFullError`. @default 268435456 */
  bufferBytes?: number;
}

/** Not built yet. */
export interface KafkaDeadLetterFilter {
  originTopic?: string;
  error?: string;
  key?: string;
  partition?: number;
  fromOffset?: number;
  toOffset?: number;
  since?: Date;
  until?: Date;
  limit?: number;
}
