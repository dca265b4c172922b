import type { CompletedRanges } from './completed-ranges.js';
import { Delivery, DeliveryState } from './delivery.js';
import { DeliveryList } from './delivery-list.js';
import type { Engine } from './engine.js';
import type { HandlerQueue } from './handler-queue.js';
import { Lanes, NO_LANE } from './lanes.js';
import type { Lease } from './lease.js';
import { OffsetTracker } from './offset-tracker.js';
import { NO_KEY, type RecordChunk } from './record-chunk.js';
import { RetainedChunk } from './retained-chunk.js';

/** Why a partition takes and starts nothing: a person asked for it, or it has as many held records as it may. */
export type Suspension = 'user' | 'held';

/**
 * 'active': receives and starts. 'draining': receives and starts nothing; what runs may finish. 'closed': given up; results
 * are ignored.
 */
export type QueueState = 'active' | 'draining' | 'closed';

/** After so many records of a chunk, those that are ready start: what ends at once is gone before the next ones are made. */
const SLICE = 128;

export interface PartitionStart {
  readonly topic: string;
  readonly partition: number;
  /** Counts the assignments of this partition to this process. */
  readonly epoch: number;
  /** The committed offset. */
  readonly offset: number;
  /** What an earlier owner completed above it. */
  readonly completed: CompletedRanges;
  readonly lease: Lease;
  /** Called whenever what a commit would say has changed. */
  readonly progressed: (queue: PartitionQueue) => void;
}

/**
 * One partition in one assignment: what it received, what is incomplete, and the order of its lanes. A new assignment is a
 * new object, so that nothing of an earlier one (a late result, a timer) can reach it.
 */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly lease: Lease;
  readonly tracker: OffsetTracker;
  private readonly changed: (queue: PartitionQueue) => void;
  private readonly lanes = new Lanes();
  private readonly parked = new DeliveryList();
  private readonly suspensions = new Set<Suspension>();
  private status: QueueState = 'active';

  /** Handlers running. */
  running = 0;
  /** Received and neither complete nor held: what counts against the buffer's records. */
  buffered = 0;
  held = 0;
  /** Chunks of which a record lives. */
  chunks = 0;
  /** The fetcher was told that there is no room. */
  starved = false;

  private whenIdle: (() => void)[] = [];

  constructor(
    private readonly engine: Engine,
    readonly handler: HandlerQueue,
    start: PartitionStart,
  ) {
    this.topic = start.topic;
    this.partition = start.partition;
    this.epoch = start.epoch;
    this.lease = start.lease;
    this.changed = start.progressed;
    this.tracker = new OffsetTracker(start.offset, start.completed);
  }

  get state(): QueueState {
    return this.status;
  }
  get suspendedBy(): Suspension | null {
    return this.suspensions.has('user') ? 'user' : this.suspensions.has('held') ? 'held' : null;
  }
  get isFetchable(): boolean {
    if (this.status !== 'active' || this.suspensions.size > 0) return false;
    const starved = !this.hasRoom;
    if (starved !== this.starved) {
      this.starved = starved;
      if (starved) this.engine.listener?.paused?.(this, 'buffer');
      else this.engine.listener?.resumed?.(this, 'buffer');
    }
    return !starved;
  }
  get hasRoom(): boolean {
    const { limits } = this.engine;
    return this.buffered < limits.recordsPerPartition && (this.chunks === 0 || this.engine.retainedBytes < limits.bytes);
  }
  /** Whether there is still room once it has received so many records, and all partitions together keep `bytes` more alive. */
  hasRoomAfter(records: number, bytes: number): boolean {
    const { limits } = this.engine;
    return this.buffered + records <= limits.recordsPerPartition && this.engine.retainedBytes + bytes <= limits.bytes;
  }
  mayStart(nowMs: number): boolean {
    return this.suspensions.size === 0 && nowMs < this.lease.untilMs;
  }

  /**
   * Takes a fetched chunk. One that does not begin at or below the position was fetched before the position changed and is
   * dropped whole: what lies between was never seen.
   */
  receive(chunk: RecordChunk, nowMs: number): void {
    const { tracker } = this;
    if (this.status !== 'active' || chunk.from > tracker.position || chunk.to <= tracker.position) return;
    const retained = this.retain(chunk, nowMs);
    const { count } = chunk;
    const hadAbsent = count < chunk.to - chunk.from;
    let index = 0;
    while (index < count && this.status === 'active') {
      const offset = chunk.offset(index);
      if (tracker.isWanted(offset)) this.take(retained, index, offset);
      else this.engine.counters.duplicatesDropped++;
      if (++index % SLICE !== 0 || index === count) continue;
      tracker.advance(offset + 1, hadAbsent);
      this.engine.pump();
    }
    if (index === count) tracker.advance(chunk.to, hadAbsent);
    if (hadAbsent) this.changed(this);
    this.received(retained);
    this.engine.pump();
  }

  /** A chunk that is being received counts as alive, whatever becomes of its records meanwhile. */
  private retain(chunk: RecordChunk, nowMs: number): RetainedChunk {
    const retained = new RetainedChunk(chunk, nowMs);
    retained.live = 1;
    this.chunks++;
    this.engine.retainedBytes += chunk.bytes;
    return retained;
  }

  private received(retained: RetainedChunk): void {
    retained.live--;
    if (retained.live === 0) return this.letGo(retained);
    if (retained.live > 1) return;
    let last = this.tracker.newest;
    while (last !== null && !keepsAlive(last, retained)) last = last.previous;
    if (last !== null) this.detach(last);
  }

  private take(retained: RetainedChunk, index: number, offset: number): void {
    const delivery = new Delivery(this, retained, index, offset, this.laneOf(retained.chunk, index));
    retained.live++;
    this.buffered++;
    this.engine.counters.consumed++;
    this.tracker.add(delivery);
    if (this.lanes.enter(delivery)) this.handler.enqueue(delivery);
  }

  private laneOf(chunk: RecordChunk, index: number): number {
    const { ordering } = this.handler.options;
    if (ordering === 'none') return NO_LANE;
    if (ordering === 'partition') return 0;
    const hash = chunk.keyHash(index);
    return hash === NO_KEY ? NO_LANE : hash;
  }

  /** Set aside by the pump because the partition may not start it now. */
  park(delivery: Delivery): void {
    this.parked.push(delivery);
  }
  /** Puts back what was set aside; the caller pumps. */
  unpark(): void {
    for (let delivery = this.parked.shift(); delivery !== null; delivery = this.parked.shift()) this.handler.enqueue(delivery);
  }

  suspend(reason: Suspension): void {
    if (this.suspensions.has(reason)) return;
    this.suspensions.add(reason);
    this.engine.listener?.paused?.(this, reason);
  }
  unsuspend(reason: Suspension): void {
    if (!this.suspensions.delete(reason)) return;
    this.engine.listener?.resumed?.(this, reason);
    if (this.suspensions.size > 0) return;
    this.unpark();
    this.engine.requestPump();
    this.engine.roomAppeared();
  }

  /** The record is complete: the next of its lane is ready, its bytes are free, the watermark may move. */
  complete(delivery: Delivery): void {
    delivery.state = DeliveryState.DONE;
    this.buffered--;
    this.leaveLane(delivery);
    this.release(delivery);
    this.tracker.complete(delivery);
    this.changed(this);
    this.roomCheck();
  }

  /** Leaves the record uncommitted and lets what follows go on, records of its key, too. */
  hold(delivery: Delivery): void {
    delivery.state = DeliveryState.HELD;
    this.buffered--;
    this.held++;
    this.leaveLane(delivery);
    this.detach(delivery);
    if (this.held >= this.handler.options.maxHeldPerPartition) this.suspend('held');
    this.roomCheck();
  }

  /** Held records run again, from attempt 1, behind what their lanes hold now. */
  redeliverHeld(): number {
    if (this.held === 0 || this.status !== 'active') return 0;
    const redelivered = this.held;
    for (const delivery of this.tracker.incomplete()) {
      if (delivery.state !== DeliveryState.HELD) continue;
      delivery.state = DeliveryState.QUEUED;
      delivery.attempt = 0;
      this.buffered++;
      if (this.lanes.enter(delivery)) this.handler.enqueue(delivery);
    }
    this.held = 0;
    this.unsuspend('held');
    this.engine.requestPump();
    return redelivered;
  }

  /** Back into the ready queue for its next attempt, at the head of its lane. */
  retry(delivery: Delivery): void {
    delivery.state = DeliveryState.QUEUED;
    this.handler.enqueue(delivery);
  }

  /**
   * Starts nothing any more, gives up what waits for a retry, drops what is queued, and resolves when the last handler has
   * ended. With `fillGaps`, what is queued below the highest started offset is still run, for when the offset map cannot
   * carry what is complete above it.
   */
  drain(fillGaps: boolean): Promise<void> {
    if (this.status === 'active') {
      this.status = 'draining';
      this.dropQueued(fillGaps ? this.highestStarted() : -1);
    }
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  /** The partition stays after all: what was dropped is fetched again, what runs goes on. */
  reactivate(): void {
    if (this.status !== 'draining') return;
    this.status = 'active';
    const listed = [...this.tracker.incomplete()];
    this.lanes.cut(listed.filter((delivery) => delivery.state === DeliveryState.RUNNING || delivery.state === DeliveryState.QUEUED));
    this.tracker.refetch(listed.filter((delivery) => delivery.state === DeliveryState.DROPPED));
    this.engine.roomAppeared();
  }

  /** Gives the partition up. Handlers that still run are aborted, keep their slots for their grace, and change nothing. */
  close(reason: unknown): void {
    if (this.status === 'closed') return;
    if (this.status === 'active') this.dropQueued(-1);
    this.status = 'closed';
    for (const delivery of this.tracker.incomplete()) {
      if (delivery.state === DeliveryState.RUNNING) this.engine.orphan(delivery, reason);
      else this.drop(delivery);
    }
    this.resolveIdle();
  }

  /** A handler ended: `running` has been counted down. */
  handlerEnded(): void {
    if (this.status !== 'active' && this.isIdle) this.resolveIdle();
  }

  progressed(delivery: Delivery): void {
    delivery.aliveAtMs = this.engine.now();
  }
  acknowledged(delivery: Delivery): void {
    this.engine.acknowledged(delivery);
  }
  rejected(delivery: Delivery, error: unknown): void {
    this.engine.rejected(delivery, error);
  }

  private get isIdle(): boolean {
    if (this.running > 0) return false;
    for (const delivery of this.tracker.incomplete()) if (delivery.state === DeliveryState.QUEUED) return false;
    return true;
  }

  private resolveIdle(): void {
    const waiting = this.whenIdle;
    this.whenIdle = [];
    for (const resolve of waiting) resolve();
  }

  private highestStarted(): number {
    let highest = -1;
    for (const delivery of this.tracker.incomplete()) if (delivery.state === DeliveryState.RUNNING) highest = delivery.offset;
    return Math.max(highest, this.tracker.highestCompleted);
  }

  /** Drops what is queued at or above `bound`, every wait for a retry, and the lanes behind them. */
  private dropQueued(bound: number): void {
    for (const delivery of this.tracker.incomplete()) {
      const { state } = delivery;
      if (state === DeliveryState.WAITING || (state === DeliveryState.QUEUED && delivery.offset >= bound)) this.giveUp(delivery);
    }
  }

  /** Drops a record and what may not overtake it. */
  giveUp(delivery: Delivery): void {
    for (let follower: Delivery | null = delivery; follower !== null; follower = follower.laneNext) this.drop(follower);
  }

  /** Stays listed as incomplete, so that no commit passes it. */
  drop(delivery: Delivery): void {
    if (delivery.state === DeliveryState.DROPPED) return;
    if (delivery.state === DeliveryState.HELD) this.held--;
    else this.buffered--;
    delivery.state = DeliveryState.DROPPED;
    this.engine.deadlines.remove(delivery);
    this.release(delivery);
  }

  private leaveLane(delivery: Delivery): void {
    const ready = this.lanes.leave(delivery);
    if (ready !== null) this.handler.enqueue(ready);
  }

  /** Its bytes are not needed any more. The last but one of a chunk leaves a copy of the last behind. */
  private release(delivery: Delivery): void {
    const { retained } = delivery;
    retained.live--;
    if (retained.live === 0) return this.letGo(retained);
    if (retained.live > 1) return;
    const { previous, next } = delivery;
    if (previous !== null && keepsAlive(previous, retained)) this.detach(previous);
    else if (next !== null && keepsAlive(next, retained)) this.detach(next);
  }

  private letGo(retained: RetainedChunk): void {
    this.chunks--;
    this.engine.releaseBytes(retained.chunk.bytes);
  }

  /** Copies the record out of its chunk, so that it keeps nothing else alive. */
  private detach(delivery: Delivery): void {
    const { retained } = delivery;
    if (retained.chunk.count === 1) return;
    const copy = new RetainedChunk(retained.chunk.copy(delivery.index), retained.receivedAtMs);
    copy.live = 1;
    this.chunks++;
    this.engine.retainedBytes += copy.chunk.bytes;
    this.release(delivery);
    delivery.retained = copy;
    delivery.index = 0;
  }

  private roomCheck(): void {
    if (this.starved && this.isFetchable) this.engine.roomAppeared();
  }
}

function keepsAlive(delivery: Delivery, retained: RetainedChunk): boolean {
  return delivery.retained === retained && delivery.state !== DeliveryState.DROPPED;
}
