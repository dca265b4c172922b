import type { Delivery } from './delivery.js';
import { DeliveryList } from './delivery-list.js';
import type { Handler, HandlerOptions } from './handler.js';

/** The records that are ready for one handler, and its share of the slots. */
export class HandlerQueue {
  readonly options: HandlerOptions;
  inFlight = 0;
  /** It stands in line for a slot. */
  isInLine = false;
  private readonly ready = new DeliveryList();

  constructor(
    readonly handler: Handler,
    private readonly line: HandlerQueue[],
  ) {
    this.options = handler.options;
  }

  get canStart(): boolean {
    return this.inFlight < this.options.concurrency && !this.ready.isEmpty;
  }

  enqueue(delivery: Delivery): void {
    this.ready.push(delivery);
    this.getInLine();
  }

  take(): Delivery | null {
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
