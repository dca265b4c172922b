import type { CompletedRanges } from './completed-ranges.js';
import type { Delivery } from './delivery.js';
import type { IncompleteRuns } from './incomplete-runs.js';

/**
 * What is complete of a partition, told by what is not.
 *
 * ```
 *  offset   40    41    42    43    44    45    46    47  |  48 ...
 *           ok   [41]   ok    ok   [44]   ok    hole  ok  |  not fetched, or complete by an earlier owner's map
 *                 ^ watermark                             ^ position
 * ```
 *
 * The incomplete records are a linked list in offset order, through the deliveries themselves. The watermark is the first of
 * them, or the position where there is none. Everything between it and the position that is not in the list is complete, so
 * a million records complete above one that is stuck cost nothing: what is kept is bounded by what is buffered. Receiving
 * and completing are O(1); absent offsets (compaction, markers) never exist here at all.
 */
export class OffsetTracker {
  private first: Delivery | null = null;
  private last: Delivery | null = null;
  /** While a stretch is fetched again: the first listed one at or above the position. */
  private cursor: Delivery | null = null;
  private nextPosition: number;
  private pending = 0;
  private changes = 0;
  private highest = -1;
  /** Complete at and above the position: by an earlier owner, or before a stretch was fetched again. */
  private known: CompletedRanges;

  constructor(start: number, completed: CompletedRanges) {
    this.known = completed;
    this.nextPosition = completed.nextIncomplete(start);
  }

  /** Every offset below it is complete or listed. */
  get position(): number {
    return this.nextPosition;
  }
  /** Where to go on once everything below `offset` has arrived: what is known to be complete is not fetched at all. */
  positionAfter(offset: number): number {
    return offset <= this.nextPosition ? this.nextPosition : this.known.nextIncomplete(offset);
  }
  /** The first incomplete offset: what may be committed. */
  get watermark(): number {
    return this.first !== null && this.first.offset < this.nextPosition ? this.first.offset : this.nextPosition;
  }
  /** Received and not complete. */
  get pendingCount(): number {
    return this.pending;
  }
  /** −1 before the first one. */
  get highestCompleted(): number {
    return this.highest;
  }
  get oldest(): Delivery | null {
    return this.first;
  }
  get newest(): Delivery | null {
    return this.last;
  }
  /** Grows with every change of what a commit would say. */
  get revision(): number {
    return this.changes;
  }
  /** Offsets above the watermark that need no delivery any more. */
  get completedAhead(): number {
    let listedBelow = this.pending;
    for (let node = this.cursor; node !== null; node = node.next) listedBelow--;
    return this.nextPosition - this.watermark - listedBelow + this.known.countFrom(this.nextPosition);
  }

  /** Whether a record of the next stretch is to be delivered: neither complete nor listed already. */
  isWanted(offset: number): boolean {
    if (offset < this.nextPosition || this.known.isComplete(offset)) return false;
    while (this.cursor !== null && this.cursor.offset < offset) this.cursor = this.cursor.next;
    return this.cursor === null || this.cursor.offset !== offset;
  }

  /** Lists a wanted record as incomplete. Offsets ascend within a stretch. */
  add(delivery: Delivery): void {
    this.pending++;
    const after = this.cursor;
    const before = after === null ? this.last : after.previous;
    delivery.previous = before;
    delivery.next = after;
    if (before === null) this.first = delivery;
    else before.next = delivery;
    if (after === null) this.last = delivery;
    else after.previous = delivery;
  }

  /** The same record, to be delivered anew. */
  replace(delivery: Delivery, anew: Delivery): void {
    const { previous, next } = delivery;
    anew.previous = previous;
    anew.next = next;
    if (previous === null) this.first = anew;
    else previous.next = anew;
    if (next === null) this.last = anew;
    else next.previous = anew;
    if (this.cursor === delivery) this.cursor = anew;
    delivery.previous = null;
    delivery.next = null;
  }

  /** A stretch up to `to` (exclusive) has been received; what was absent in it is complete. */
  advance(to: number, hadAbsent: boolean): void {
    if (to <= this.nextPosition) return;
    if (hadAbsent) this.changes++;
    this.nextPosition = this.known.nextIncomplete(to);
    while (this.cursor !== null && this.cursor.offset < this.nextPosition) this.cursor = this.cursor.next;
  }

  complete(delivery: Delivery): void {
    this.remove(delivery);
    this.changes++;
    if (delivery.offset > this.highest) this.highest = delivery.offset;
    if (delivery.offset >= this.nextPosition) this.known = this.known.add(delivery.offset);
  }

  /**
   * Goes back to fetch what was dropped, from the first of `dropped` on. What is complete stays complete, and what is listed
   * (running, held) stays listed: neither is delivered twice.
   */
  refetch(dropped: readonly Delivery[]): void {
    if (dropped.length === 0) return;
    const from = dropped[0].offset;
    if (from < this.nextPosition) {
      this.known = this.known.prepend(this.completedBetween(dropped[0]), this.nextPosition);
      this.nextPosition = from;
    }
    for (const delivery of dropped) this.remove(delivery);
    this.cursor = this.first;
    while (this.cursor !== null && this.cursor.offset < this.nextPosition) this.cursor = this.cursor.next;
    this.changes++;
  }

  /** The incomplete records in offset order. The current one may be removed while walking. */
  *incomplete(): Generator<Delivery, void, undefined> {
    let node = this.first;
    while (node !== null) {
      const following: Delivery | null = node.next;
      yield node;
      node = following;
    }
  }

  /** Fills `runs` with what is incomplete from the watermark on; answers the offset from which on nothing is known to be complete. */
  collectIncomplete(runs: IncompleteRuns): number {
    for (let node = this.first; node !== null && node.offset < this.nextPosition; node = node.next) runs.add(node.offset, node.offset + 1);
    return runs.addGaps(this.known, this.nextPosition);
  }

  /** Bounds of what is complete from a listed delivery up to the position, as `[from, to)` pairs. */
  private completedBetween(listed: Delivery): number[] {
    const bounds: number[] = [];
    let completeFrom = listed.offset;
    for (let node: Delivery | null = listed; node !== null && node.offset < this.nextPosition; node = node.next) {
      if (node.offset > completeFrom) bounds.push(completeFrom, node.offset);
      completeFrom = node.offset + 1;
    }
    if (this.nextPosition > completeFrom) bounds.push(completeFrom, this.nextPosition);
    return bounds;
  }

  private remove(delivery: Delivery): void {
    const { previous, next } = delivery;
    if (this.cursor === delivery) this.cursor = next;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.last = previous;
    else next.previous = previous;
    delivery.previous = null;
    delivery.next = null;
    this.pending--;
  }
}
