import type { PartitionQueue } from './partition-queue.js';
import type { RecordChunk } from './record-chunk.js';
import type { RetainedChunk } from './retained-chunk.js';

/**
 * Where a record stands.
 *
 * ```
 *  QUEUED --> RUNNING --> DONE
 *    ^  ^       |  \----> HELD  (left uncommitted; redelivery makes a new delivery of it)
 *    |  \-------+
 *    |          v
 *    +------ WAITING  (for its next attempt: keeps its lane, not its slot)
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
  /** Monotonic; start of the running attempt. */
  startedAtMs = 0;
  /** Monotonic; start of the running attempt, or its last sign of life. */
  aliveAtMs = 0;
  /** Under manual acknowledgement: the handler has ended, and the record waits for its `ack`. */
  hasReturned = false;
  /** The running attempt was aborted by its timeout; it has failed with this error however it ends. */
  timedOut: Error | null = null;
  /** The handler called `nack` in the running attempt. */
  rejection: { readonly error: unknown } | null = null;

  // What the clock owes this delivery: its timeout, the end of its grace, or its next attempt. Place in the heap, −1 outside.
  dueAtMs = 0;
  heapIndex = -1;

  // Intrusive links, so that no step allocates: neighbours among the incomplete records of the partition, in offset order;
  // the next record of the same lane; the next last record of a lane in the same bucket; the next one of the ready queue.
  previous: Delivery | null = null;
  next: Delivery | null = null;
  laneNext: Delivery | null = null;
  bucketNext: Delivery | null = null;
  readyNext: Delivery | null = null;

  private controller: AbortController | null = null;
  private abortion: { readonly reason: unknown } | null = null;

  constructor(
    readonly queue: PartitionQueue,
    /** Replaced by a copy of the one record when it is the last of its chunk. */
    public retained: RetainedChunk,
    public index: number,
    readonly offset: number,
    /** Which lane keeps its order, or `NO_LANE`. */
    readonly lane: number,
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
  get chunk(): RecordChunk {
    return this.retained.chunk;
  }

  /** Of the running attempt; made when it is first read. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.abortion !== null && !this.controller.signal.aborted) this.controller.abort(this.abortion.reason);
    return this.controller.signal;
  }

  /** A sign of life: restarts the age that health looks at. */
  progress(): void {
    this.queue.progressed(this);
  }

  /** Under manual acknowledgement the record is complete. An attempt that is over changes nothing. */
  ack(attempt: number): void {
    if (this.isRunning(attempt)) this.queue.acknowledged(this);
  }

  /** The attempt has failed, whatever the handler returns afterwards. */
  nack(attempt: number, error: unknown): void {
    if (this.isRunning(attempt)) this.queue.rejected(this, error);
  }

  isRunning(attempt: number): boolean {
    return this.state === DeliveryState.RUNNING && this.attempt === attempt;
  }

  /** Begins the next attempt, with a signal of its own. */
  begin(nowMs: number): void {
    this.state = DeliveryState.RUNNING;
    this.attempt++;
    this.startedAtMs = nowMs;
    this.aliveAtMs = nowMs;
    if (this.attempt === 1) return;
    this.timedOut = null;
    this.rejection = null;
    this.hasReturned = false;
    this.controller = null;
    this.abortion = null;
  }

  abort(reason: unknown): void {
    this.abortion = { reason };
    this.controller?.abort(reason);
  }
}
