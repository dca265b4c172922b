import type { KafkaCodec, KafkaCodecName } from './codec.interface.js';
import type { KafkaRecord } from './record.interface.js';

/** Which records may not overtake each other. */
export type KafkaOrdering = 'key' | 'partition' | 'none';

/** Options that a group sets for all its handlers, and each handler may set for itself. */
export interface KafkaHandlerDefaults {
  /**
   * 'key': records of one key run one after the other; those without a key are free. 'partition': all of a partition do. In-place
   * retries keep their place; held and abandoned records lose it. @default 'key'
   */
  ordering?: KafkaOrdering;
  retry?: KafkaRetryOptions;
  /**
   * What becomes of a record whose attempts are spent.
   * - 'hold': it stays uncommitted while the rest goes on, later records of its key included; it comes again after a restart, a
   *   reassignment or `redeliverHeld()`.
   * - 'skip': it is complete.
   * - 'stop': this process stops the group and leaves it.
   * - 'dead-letter': not built yet.
   * @default 'hold'
   */
  onExhausted?: 'dead-letter' | 'skip' | 'hold' | 'stop';
  /** So many held records pause their partition. @default 1000 */
  maxHeldPerPartition?: number;
  /** Not built yet. @default false */
  deadLetter?: boolean | string | ((record: KafkaRecord) => string);
  /** Milliseconds after which an attempt has failed and its signal aborts. @default none */
  timeoutMs?: number;
  /**
   * Milliseconds that an aborted handler keeps its slot and its place in the order; then it is abandoned. With as many abandoned
   * handlers as the group's `concurrency` nothing starts any more. @default 5000
   */
  abortGraceMs?: number;
  /** 'manual': complete at `ctx.ack()`; until then slot, order and `timeoutMs` go on. @default 'auto' */
  ack?: 'auto' | 'manual';
  /** @default the module's */
  codec?: KafkaCodecName | KafkaCodec;
}

export interface KafkaRetryOptions {
  /** Attempts after the first; `Infinity` or −1 for ever, 0 none. They count in memory. @default 3 */
  retries?: number;
  /** 'topic' is not built yet. @default 'in-place' */
  via?: 'in-place' | 'topic';
  /** Not built yet. */
  topic?: string | ((record: KafkaRecord, attempt: number) => string);
  /**
   * Milliseconds before retry n (1 = the first). An object means `initialMs × factor^(n−1)`, at most `maxMs`, and with `jitter` a
   * random share of that ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   * @default { initialMs: 100, factor: 2, maxMs: 30000, jitter: true }
   */
  backoff?: number | { initialMs: number; factor?: number; maxMs?: number; jitter?: boolean } | ((attempt: number, error: unknown) => number);
  /** False sends the record straight to `onExhausted`. @default every error is */
  retryable?: (error: unknown) => boolean;
}

/** Options of one handler. */
export interface KafkaHandlerOptions extends KafkaHandlerDefaults {
  /** Name of the `forRoot` that it belongs to. @default 'default' */
  connection?: string;
  /** Its consumer group. @default the connection's default group */
  groupId?: string;
  /** Its invocations in flight at most, within the group's concurrency. @default the group's */
  concurrency?: number;
  /** Not built yet. */
  batch?: { size: number; maxWaitMs?: number };
  /** Not built yet. */
  threads?: { file: string | URL; export?: string; size?: number };
  /** Not built yet. */
  transactional?: boolean;
  /** False leaves the handler out. @default true */
  enabled?: boolean;
}

/** What a worker thread is told of a record. Not built yet. */
export interface KafkaThreadInfo {
  topic: string;
  partition: number;
  offset: string;
  key: string | null;
  headers: Record<string, string | string[]>;
  attempt: number;
  groupId: string;
  timestampMs: number;
}
