import { DeliveryState, type Delivery } from './delivery.js';

/** The lane of records whose order does not matter. */
export const NO_LANE = -1;

/**
 * The order lanes of a partition. A lane is a chain of deliveries in offset order; only its first may run, wait for its
 * next attempt or be ready, and the map knows the last one.
 *
 * ```
 *   lane 17:  [running] -> [queued] -> [queued]
 *                                          ^ tails.get(17)
 * ```
 *
 * A lane is a 31-bit hash of the key. Two keys that share one are kept in order together: that costs them concurrency,
 * never order.
 */
export class Lanes {
  private readonly tails = new Map<number, Delivery>();

  /** True when nothing is in front of it: it is ready. */
  enter(delivery: Delivery): boolean {
    const { lane } = delivery;
    if (lane === NO_LANE) return true;
    const tail = this.tails.get(lane);
    this.tails.set(lane, delivery);
    if (tail === undefined) return true;
    tail.laneNext = delivery;
    return false;
  }

  /** The delivery gives its lane up; answers the one that is ready now. */
  leave(delivery: Delivery): Delivery | null {
    const { lane, laneNext } = delivery;
    if (lane === NO_LANE) return null;
    delivery.laneNext = null;
    if (laneNext !== null && laneNext.state === DeliveryState.QUEUED) return laneNext;
    if (laneNext !== null || this.tails.get(lane) === delivery) this.tails.delete(lane);
    return null;
  }

  /** After a drain, which drops lanes from some record on: ends each of them at its last one that is left. */
  cut(left: Iterable<Delivery>): void {
    this.tails.clear();
    for (const delivery of left) {
      const { lane, laneNext } = delivery;
      if (lane === NO_LANE || (laneNext !== null && laneNext.state === DeliveryState.QUEUED)) continue;
      delivery.laneNext = null;
      this.tails.set(lane, delivery);
    }
  }

  get size(): number {
    return this.tails.size;
  }
}
