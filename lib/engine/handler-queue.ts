import type { Delivery } from './delivery.js';
import { DeliveryList } from './delivery-list.js';
import type { Handler, HandlerOptions } from './handler.js';
import type { HandlerLine } from './handler-line.js';
import type { PartitionQueue } from './partition-queue.js';

/** The records that are ready for one handler, and its share of the slots. */
export class HandlerQueue {
  readonly options: HandlerOptions;
  inFlight = 0;
  /** It stands in line for a slot. */
  isInLine = false;
  /** Who is behind it there. */
  lineNext: HandlerQueue | null = null;
  private readonly ready = new DeliveryList();
  /** Partitions with records that have arrived and are not taken yet, in turn. */
  private readonly arrivals = new Set<PartitionQueue>();

  constructor(
    readonly handler: Handler,
    private readonly line: HandlerLine,
  ) {
    this.options = handler.options;
  }

  get canStart(): boolean {
    return this.inFlight < this.options.concurrency && (!this.ready.isEmpty || this.arrivals.size > 0);
  }

  enqueue(delivery: Delivery): void {
    this.ready.push(delivery);
    this.getInLine();
  }

  /** Records of this partition may be waiting to be taken. */
  feed(queue: PartitionQueue): void {
    if (!queue.hasArrivals) return;
    this.arrivals.add(queue);
    this.getInLine();
  }

  /** Null: nothing became ready in the slice that was looked at; the next one is another call's, for the sake of timers and sockets. */
  take(): Delivery | null {
    return this.ready.shift() ?? this.takeArrivals();
  }

  private takeArrivals(): Delivery | null {
    const [queue] = this.arrivals;
    if (queue === undefined) return null;
    this.arrivals.delete(queue);
    queue.takeSlice();
    if (queue.hasArrivals) this.arrivals.add(queue);
    return this.ready.shift();
  }

  slotFreed(): void {
    this.inFlight--;
    this.getInLine();
  }

  getInLine(): void {
    if (this.isInLine || !this.canStart) return;
    this.isInLine = true;
    this.line.push(this);
  }
}
