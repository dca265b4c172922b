import type { KafkaMessage, Message, RecordMetadata } from 'kafkajs';

/** One record as Kafka has it, with its value decoded. */
export interface KafkaRecord<V = unknown> {
  readonly topic: string;
  readonly partition: number;
  /** Decimal, since offsets may exceed what a number holds exactly. */
  readonly offset: string;
  /** As UTF-8 text; `raw.key` has the bytes. Null where the record has none. */
  readonly key: string | null;
  readonly value: V;
  /** As UTF-8 text, a list where a name occurs more than once; `raw.headers` has the bytes. */
  readonly headers: Record<string, string | string[]>;
  /** Milliseconds since 1970: set by the producer or by the broker, as the topic is configured. */
  readonly timestampMs: number;
  /** In the form of kafkajs. */
  readonly raw: KafkaMessage;
}

/** What a handler is told beside the value. Everything but topic, partition and offset is computed when it is first read. */
export interface KafkaContext<V = unknown> {
  /** The record as it was read; of the retry topic, where it came back through one. */
  readonly record: KafkaRecord<V>;
  /** Where the record was read for the first time. Identifies it over all its attempts: a key for idempotent writes. */
  readonly origin: { topic: string; partition: number; offset: string; timestampMs: number };
  /** Name of the `forRoot` that the handler belongs to. */
  readonly connection: string;
  readonly groupId: string;
  /** Assignments of this partition to this process so far, from 1. */
  readonly epoch: number;
  /** Of this record, from 1. In-place retries begin at 1 again after a restart or a move. */
  readonly attempt: number;
  /** Aborts when the attempt's result will not count any more: timeout, a stop past its deadline, or a partition that was given up. */
  readonly signal: AbortSignal;
  /** Completes the record under `ack: 'manual'`; nothing under 'auto', nor after the attempt. */
  ack(): void;
  /** Fails the attempt, whatever the handler returns. */
  nack(error?: unknown): void;
  /** A sign of life of a long handler: health then does not take it for stuck. */
  progress(): void;
  /**
   * Sends at once, through the connection's producer, and resolves when everything is acknowledged. Values are bytes or text: the
   * codec is not asked. Rejects as `KafkaProducerService.send` does. Await it: a record may be sent again when its attempt is.
   */
  send(topic: string, messages: Message | Message[]): Promise<RecordMetadata[] | void>;
}

/** What the awaited hooks get. */
export interface KafkaPartitions {
  connection: string;
  groupId: string;
  partitions: {
    topic: string;
    partition: number;
    /** Assignments of this partition to this process so far, from 1. */
    epoch: number;
    /** The first offset that is not complete. */
    offset?: number;
  }[];
  reason: 'rebalance' | 'shutdown' | 'lost' | 'assigned';
}
