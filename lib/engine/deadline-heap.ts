import type { Delivery } from './delivery.js';

/**
 * All deadlines of a group in one binary heap, the earliest on top. A delivery knows its place, so that leaving is O(log n)
 * and nothing dead stays behind: a timeout of ten minutes at ten thousand records a second would otherwise keep millions.
 */
export class DeadlineHeap {
  private readonly items: Delivery[] = [];

  get earliestMs(): number | null {
    return this.items.length === 0 ? null : this.items[0].dueAtMs;
  }
  get size(): number {
    return this.items.length;
  }

  add(delivery: Delivery, dueAtMs: number): void {
    if (delivery.heapIndex >= 0) this.remove(delivery);
    delivery.dueAtMs = dueAtMs;
    this.items.push(delivery);
    this.rise(this.items.length - 1, delivery);
  }

  remove(delivery: Delivery): void {
    const hole = delivery.heapIndex;
    if (hole < 0) return;
    delivery.heapIndex = -1;
    const last = this.items.pop();
    if (last === undefined || last === delivery) return;
    this.rise(hole, last);
    this.sink(last.heapIndex, last);
  }

  /** Takes the earliest one that is due, or answers null. */
  takeDue(nowMs: number): Delivery | null {
    if (this.items.length === 0 || this.items[0].dueAtMs > nowMs) return null;
    const due = this.items[0];
    this.remove(due);
    return due;
  }

  private rise(from: number, delivery: Delivery): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.items[parent];
      if (above.dueAtMs <= delivery.dueAtMs) break;
      this.place(above, index);
      index = parent;
    }
    this.place(delivery, index);
  }

  private sink(from: number, delivery: Delivery): void {
    const { length } = this.items;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && this.items[child + 1].dueAtMs < this.items[child].dueAtMs) child++;
      if (this.items[child].dueAtMs >= delivery.dueAtMs) break;
      this.place(this.items[child], index);
      index = child;
    }
    this.place(delivery, index);
  }

  private place(delivery: Delivery, index: number): void {
    this.items[index] = delivery;
    delivery.heapIndex = index;
  }
}
