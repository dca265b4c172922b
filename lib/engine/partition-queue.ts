import type { CompletedRanges } from './completed-ranges.js';
import { Delivery, DeliveryState } from './delivery.js';
import { DeliveryList } from './delivery-list.js';
import type { Engine } from './engine.js';
import { Flow, type Suspension } from './flow.js';
import type { HandlerQueue } from './handler-queue.js';
import { Intake } from './intake.js';
import { Lanes, NO_LANE } from './lanes.js';
import type { Lease } from './lease.js';
import { OffsetTracker } from './offset-tracker.js';
import { NO_KEY, type RecordChunk } from './record-chunk.js';
import type { RetainedChunk } from './retained-chunk.js';
import { Retention } from './retention.js';

/**
 * 'active': receives and starts. 'draining': receives and starts nothing; what runs may finish. 'closed': given up; results
 * are ignored.
 */
export type QueueState = 'active' | 'draining' | 'closed';

/** So many records of a chunk become deliveries at a time: when it arrives, and when their handler has no other ready. */
const SLICE_RECORDS = 128;

export interface PartitionStart {
  readonly topic: string;
  readonly partition: number;
  /** Counts the assignments of this partition to this process, and its seeks. */
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
 * new object, and so is a seek, so that nothing of an earlier one (a late result, a timer) can reach it.
 */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly lease: Lease;
  readonly tracker: OffsetTracker;
  private readonly changed: (queue: PartitionQueue) => void;
  private readonly lanes = new Lanes();
  private readonly intake = new Intake();
  private readonly retention: Retention;
  private readonly parked = new DeliveryList();
  private readonly flow: Flow;
  private status: QueueState = 'active';

  /** Handlers running. */
  running = 0;
  /** Received and neither complete nor held: what counts against the buffer's records. */
  buffered = 0;
  held = 0;
  /** Records completed in this assignment. */
  completions = 0;

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
    this.retention = new Retention(engine);
    this.flow = new Flow(this, engine);
    this.tracker = new OffsetTracker(start.offset, start.completed);
  }

  get state(): QueueState {
    return this.status;
  }
  /** Chunks that are alive in memory. */
  get chunks(): number {
    return this.retention.chunks;
  }
  get suspendedBy(): Suspension | null {
    return this.flow.suspendedBy;
  }
  /** The fetcher was told that there is no room. */
  get starved(): boolean {
    return this.flow.isStarved;
  }
  /** The next offset to fetch. */
  get position(): number {
    return this.tracker.positionAfter(this.intake.end);
  }
  /** Received, and neither complete nor given up. */
  get pendingCount(): number {
    return this.tracker.pendingCount + this.intake.waiting;
  }
  /** The oldest record that is not complete, and since when it waits or runs. */
  get oldest(): { readonly offset: number; readonly sinceMs: number } | null {
    const { oldest } = this.tracker;
    if (oldest !== null) return { offset: oldest.offset, sinceMs: oldest.state === DeliveryState.RUNNING ? oldest.aliveAtMs : oldest.retained.receivedAtMs };
    const { first, nextOffset } = this.intake;
    return first === null || nextOffset === null ? null : { offset: nextOffset, sinceMs: first.receivedAtMs };
  }
  /** Whether records have arrived that are to be taken. Those of a suspended partition stay bytes until it goes on. */
  get hasArrivals(): boolean {
    return !this.intake.isEmpty && !this.flow.isSuspended;
  }
  get isFetchable(): boolean {
    if (this.status !== 'active' || this.flow.isSuspended) return false;
    this.flow.isStarved = !this.hasRoom;
    return !this.flow.isStarved;
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
    return !this.flow.isSuspended && nowMs < this.lease.untilMs;
  }

  /**
   * Takes a fetched chunk. One that does not begin at or below the position was fetched before the position changed and is
   * dropped whole: what lies between was never seen.
   */
  receive(chunk: RecordChunk, nowMs: number): void {
    if (this.status !== 'active' || chunk.from > this.position || chunk.to <= this.position) return;
    this.engine.listener?.arrived?.(this, chunk);
    this.buffered += chunk.count;
    this.intake.push(this.retention.retain(chunk, nowMs));
    if (this.intake.first?.chunk === chunk) this.takeSlice();
    this.handler.feed(this);
    this.engine.pump();
  }

  /** Makes the next records that have arrived deliveries: those that are ready queue up at their handler. */
  takeSlice(): void {
    const { intake, tracker } = this;
    const { first } = intake;
    if (first === null) return;
    const { chunk } = first;
    const end = Math.min(chunk.count, intake.index + (this.engine.limits.sliceRecords ?? SLICE_RECORDS));
    for (let index = intake.index; index < end; index++) {
      const offset = chunk.offset(index);
      if (tracker.isWanted(offset)) this.take(first, index, offset);
      else this.dropDuplicate(offset);
    }
    intake.takenTo(end);
    const hadAbsent = chunk.count < chunk.to - chunk.from;
    tracker.advance(end < chunk.count ? chunk.offset(end) : chunk.to, hadAbsent);
    if (hadAbsent) this.changed(this);
    if (end === chunk.count) this.taken(first);
  }

  private taken(retained: RetainedChunk): void {
    this.intake.shift();
    this.retention.taken(retained, this.tracker.newest);
    this.roomCheck();
  }

  private dropDuplicate(offset: number): void {
    this.engine.listener?.dropped?.(this, offset);
    this.buffered--;
    this.engine.counters.duplicatesDropped++;
  }

  /** What was not taken yet is fetched again by whoever has the partition next. */
  private dropIntake(): void {
    const { intake } = this;
    this.buffered -= intake.waiting;
    for (let retained = intake.shift(); retained !== null; retained = intake.shift()) this.retention.taken(retained, this.tracker.newest);
  }

  private take(retained: RetainedChunk, index: number, offset: number): void {
    const delivery = new Delivery(this, retained, index, offset, this.laneOf(retained.chunk, index));
    retained.live++;
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
    if (this.status === 'closed' || !this.flow.suspend(reason) || this.status !== 'draining') return;
    // What was to fill gaps would wait for ever, and the drain for it.
    this.dropQueued(-1);
    if (this.isIdle) this.resolveIdle();
  }
  unsuspend(reason: Suspension): void {
    if (!this.flow.unsuspend(reason)) return;
    this.unpark();
    this.handler.feed(this);
    this.engine.requestPump();
    this.engine.roomAppeared();
  }
  /** Another queue goes on for it within the assignment: whoever follows the events sees the pauses of this one end. */
  endPauses(): void {
    this.flow.end();
  }

  /** The record is complete: the next of its lane is ready, its bytes are free, the watermark may move. */
  complete(delivery: Delivery): void {
    delivery.state = DeliveryState.DONE;
    this.completions++;
    this.buffered--;
    this.leaveLane(delivery);
    this.retention.release(delivery);
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
    this.retention.detach(delivery);
    if (this.held >= this.handler.options.maxHeldPerPartition) this.suspend('held');
    this.roomCheck();
  }

  /**
   * Held records run again, from attempt 1, behind what their lanes hold now. Each is a new delivery: an abandoned attempt of
   * the earlier one may still end, and must not pass for one of these.
   */
  redeliverHeld(): number {
    if (this.held === 0 || this.status !== 'active') return 0;
    const redelivered = this.held;
    for (const held of this.tracker.incomplete()) {
      if (held.state !== DeliveryState.HELD) continue;
      const delivery = new Delivery(this, held.retained, held.index, held.offset, held.lane);
      this.tracker.replace(held, delivery);
      held.state = DeliveryState.DROPPED;
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
   * carry what is complete above it; not where the partition is suspended, in which nothing starts.
   */
  drain(fillGaps: boolean): Promise<void> {
    if (this.status === 'active') {
      this.status = 'draining';
      this.dropIntake();
      this.dropQueued(fillGaps && !this.flow.isSuspended ? this.highestStarted() : -1);
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
    if (this.status === 'active') {
      this.dropIntake();
      this.dropQueued(-1);
    }
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
    this.retention.release(delivery);
  }

  private leaveLane(delivery: Delivery): void {
    const ready = this.lanes.leave(delivery);
    if (ready !== null) this.handler.enqueue(ready);
  }

  private roomCheck(): void {
    if (this.flow.isStarved && this.isFetchable) this.engine.roomAppeared();
  }
}
