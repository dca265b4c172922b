/** A transaction that ended without effect. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Offset of its marker. */
  readonly lastOffset: number;
}

/** The transactions of one partition: which are open, and which were aborted, in the order of their markers. */
export class PartitionTransactions {
  /** First offset by producer, in the order in which they began: the first entry holds the last stable offset. */
  private readonly open = new Map<number, number>();
  private aborted: AbortedTransaction[] = [];

  isOpen(producerId: number): boolean {
    return this.open.has(producerId);
  }

  /** First offset of the oldest open transaction; null where none is open. */
  get firstOpenOffset(): number | null {
    for (const offset of this.open.values()) return offset;
    return null;
  }

  appended(producerId: number, baseOffset: number): void {
    if (!this.open.has(producerId)) this.open.set(producerId, baseOffset);
  }

  ended(producerId: number, committed: boolean, markerOffset: number): void {
    const firstOffset = this.open.get(producerId);
    this.open.delete(producerId);
    if (firstOffset !== undefined && !committed) this.aborted.push({ producerId, firstOffset, lastOffset: markerOffset });
  }

  /** Those with records from `from` to `to`, both included. */
  abortedBetween(from: number, to: number): AbortedTransaction[] {
    return this.aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset <= to);
  }

  deleteBefore(offset: number): void {
    this.aborted = this.aborted.filter(({ lastOffset }) => lastOffset >= offset);
  }
}
