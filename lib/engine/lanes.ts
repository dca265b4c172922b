import { DeliveryState, type Delivery } from './delivery.js';

/** The lane of records whose order does not matter. */
export const NO_LANE = -1;

const FEWEST_BUCKETS = 16;
/** Two KiB, which a partition keeps once it had use for them: below, the table would grow and shrink with every slice of records. */
const KEPT_BUCKETS = 256;

/**
 * The order lanes of a partition. A lane is a chain of deliveries in offset order; only its first may run, wait for its
 * next attempt or be ready. The last ones are found through a hash table, chained through the deliveries, too.
 *
 * ```
 *   lane 17:  [running] -> [queued] -> [queued]         buckets:  ... | 1 | ...
 *                                          ^------------------------ tail of 17 -> tail of 33
 * ```
 *
 * A lane is a 31-bit hash of the key. Two keys that share one are kept in order together: that costs them concurrency,
 * never order.
 *
 * Not a `Map`: with keys that come and go it is copied all the time, and the copies, dead but in the old generation, keep
 * records alive until the next full collection. That cost a fifth of the CPU time of a record.
 */
export class Lanes {
  /** A power of two. */
  private buckets = emptyBuckets(FEWEST_BUCKETS);
  private count = 0;

  /** True when nothing is in front of it: it is ready. */
  enter(delivery: Delivery): boolean {
    const { lane } = delivery;
    if (lane === NO_LANE) return true;
    const tail = this.unlink(lane);
    this.link(delivery);
    if (tail !== null) {
      tail.laneNext = delivery;
      return false;
    }
    if (++this.count > this.buckets.length) this.resize(4 * this.buckets.length);
    return true;
  }

  /** The delivery gives its lane up; answers the one that is ready now. */
  leave(delivery: Delivery): Delivery | null {
    const { lane, laneNext } = delivery;
    if (lane === NO_LANE) return null;
    delivery.laneNext = null;
    if (laneNext !== null && laneNext.state === DeliveryState.QUEUED) return laneNext;
    if (laneNext !== null || this.tailOf(lane) === delivery) this.end(lane);
    return null;
  }

  /** After a drain, which drops lanes from some record on: ends each of them at its last one that is left. */
  cut(left: Iterable<Delivery>): void {
    this.buckets = emptyBuckets(FEWEST_BUCKETS);
    this.count = 0;
    for (const delivery of left) {
      const { lane, laneNext } = delivery;
      if (lane === NO_LANE || (laneNext !== null && laneNext.state === DeliveryState.QUEUED)) continue;
      delivery.laneNext = null;
      this.enter(delivery);
    }
  }

  get size(): number {
    return this.count;
  }

  private tailOf(lane: number): Delivery | null {
    let tail = this.buckets[lane & (this.buckets.length - 1)];
    while (tail !== null && tail.lane !== lane) tail = tail.bucketNext;
    return tail;
  }

  private end(lane: number): void {
    if (this.unlink(lane) === null) return;
    this.count--;
    const { length } = this.buckets;
    // Thousands of partitions that were full once must not keep their tables.
    if (length > KEPT_BUCKETS && 16 * this.count < length) this.resize(length / 4);
  }

  private link(tail: Delivery): void {
    const bucket = tail.lane & (this.buckets.length - 1);
    tail.bucketNext = this.buckets[bucket];
    this.buckets[bucket] = tail;
  }

  private unlink(lane: number): Delivery | null {
    const bucket = lane & (this.buckets.length - 1);
    let before: Delivery | null = null;
    for (let tail = this.buckets[bucket]; tail !== null; tail = tail.bucketNext) {
      if (tail.lane !== lane) {
        before = tail;
        continue;
      }
      if (before === null) this.buckets[bucket] = tail.bucketNext;
      else before.bucketNext = tail.bucketNext;
      tail.bucketNext = null;
      return tail;
    }
    return null;
  }

  private resize(length: number): void {
    const former = this.buckets;
    this.buckets = emptyBuckets(length);
    for (const first of former) {
      for (let tail = first; tail !== null; ) {
        const following: Delivery | null = tail.bucketNext;
        this.link(tail);
        tail = following;
      }
    }
  }
}

function emptyBuckets(length: number): (Delivery | null)[] {
  return new Array<Delivery | null>(length).fill(null);
}
