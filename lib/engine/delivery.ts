import type { PartitionQueue } from './partition-queue.js';
import type { RecordChunk } from './record-chunk.js';

/**
 * Where a record stands.
 *
 * ```
 *  QUEUED -> RUNNING -> DONE
 *    ^         |  \---> HELD ------> (QUEUED, by redelivery)
 *    |         v
 *    +----- WAITING (for its next attempt; keeps its lane, not its slot)
 *
 *  DROPPED: given up with its partition before it ran, or between two attempts
 * ```
 */
export const DeliveryState = { QUEUED: 0, RUNNING: 1, WAITING: 2, HELD: 3, DONE: 4, DROPPED: 5 } as const;
export type DeliveryState = (typeof DeliveryState)[keyof typeof DeliveryState];

/** One record on its way through the engine, from its arrival until it is complete or given up. */
export class Delivery {
  state: DeliveryState = DeliveryState.QUEUED;
  /** 1 in the first attempt; 0 before it. */
  attempt = 0;
  /** Monotonic; of the running attempt, or its last sign of life. */
  startedAtMs = 0;
  /** What waits on the clock for this delivery: its timeout, its grace or its back-off. */
  deadline: number | null = null;

  // Intrusive links, so that no step allocates: neighbours among the incomplete records of the partition in offset order,
  // the next record of the same lane, the next one of the ready queue.
  previous: Delivery | null = null;
  next: Delivery | null = null;
  laneNext: Delivery | null = null;
  readyNext: Delivery | null = null;

  private controller: AbortController | null = null;
  private abortReason: unknown = undefined;
  private isAborted = false;

  constructor(
    readonly queue: PartitionQueue,
    /** Replaced by a copy of the one record when it is the last of its chunk. */
    public chunk: RecordChunk,
    public index: number,
    readonly offset: number,
  ) {}

  get topic(): string {
    return this.queue.topic;
  }
  get partition(): number {
    return this.queue.partition;
  }
  get epoch(): number {
    return this.queue.epoch;
  }

  /** Made when it is first read. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.isAborted && !this.controller.signal.aborted) this.controller.abort(this.abortReason);
    return this.controller.signal;
  }
  /** A sign of life: restarts the age that health looks at. */
  progress(): void {
    this.queue.progressed(this);
  }
  /** Under manual acknowledgement the record is complete. */
  ack(attempt: number): void {
    this.queue.acknowledged(this, attempt);
  }
  /** The attempt has failed, whatever the handler returns afterwards. */
  nack(attempt: number, error: unknown): void {
    this.queue.rejected(this, attempt, error);
  }

  abort(reason: unknown): void {
    this.isAborted = true;
    this.abortReason = reason;
    this.controller?.abort(reason);
  }
  /** A new attempt begins with a signal of its own. */
  renewSignal(): void {
    this.controller = null;
    this.isAborted = false;
    this.abortReason = undefined;
  }
}
