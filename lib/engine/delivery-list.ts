import { DeliveryState, type Delivery } from './delivery.js';

/**
 * First in, first out, linked through the deliveries themselves. Those that were dropped while they waited are passed over
 * when their turn comes, so that dropping needs no search.
 */
export class DeliveryList {
  private head: Delivery | null = null;
  private tail: Delivery | null = null;

  get isEmpty(): boolean {
    return this.head === null;
  }

  push(delivery: Delivery): void {
    delivery.readyNext = null;
    if (this.tail === null) this.head = delivery;
    else this.tail.readyNext = delivery;
    this.tail = delivery;
  }

  /** The next one that is still queued. */
  shift(): Delivery | null {
    for (;;) {
      const first = this.head;
      if (first === null) return null;
      this.head = first.readyNext;
      if (this.head === null) this.tail = null;
      first.readyNext = null;
      if (first.state === DeliveryState.QUEUED) return first;
    }
  }
}
