/** A batch in the log, as it goes to consumers. */
export interface StoredBatch {
  readonly bytes: Buffer;
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Its own, and the latest of it and all batches before it: what a search by time needs. */
  readonly maxTimestamp: number;
  readonly latestTimestamp: number;
  /** Bytes of the log up to and with it. */
  readonly endBytes: number;
}

/**
 * The batches of a log, oldest first. Appending is O(1), finding O(log n).
 *
 * ```
 *  [base 0 .. last 4] [base 5 .. last 5]   (hole)   [base 9 .. last 20]
 *                        first: the oldest that is kept
 * ```
 */
export class StoredBatches {
  private batches: StoredBatch[] = [];

  get all(): readonly StoredBatch[] {
    return this.batches;
  }

  append(bytes: Buffer, baseOffset: number, lastOffset: number, maxTimestamp: number): void {
    const last = this.batches.at(-1);
    this.batches.push({
      bytes,
      baseOffset,
      lastOffset,
      maxTimestamp,
      latestTimestamp: Math.max(last?.latestTimestamp ?? maxTimestamp, maxTimestamp),
      endBytes: (last?.endBytes ?? 0) + bytes.length,
    });
  }

  /** Whole batches from the one that holds `offset`, or the next one, up to `before`, within `maxBytes`; with `atLeastOne` the first may be larger. */
  read(offset: number, before: number, maxBytes: number, atLeastOne: boolean): StoredBatch[] {
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (let index = this.indexOf(offset); index < this.batches.length; index++) {
      const batch = this.batches[index];
      if (batch.lastOffset >= before) break;
      bytes += batch.bytes.length;
      if (bytes > maxBytes && !(atLeastOne && found.length === 0)) break;
      found.push(batch);
    }
    return found;
  }

  /** Bytes that `read` could give without a limit. */
  bytesBetween(offset: number, before: number): number {
    const first = this.indexOf(offset);
    const end = this.indexOf(before);
    return end <= first ? 0 : this.endBytes(end - 1) - this.endBytes(first - 1);
  }

  /** The first batch that has a record at this time or later; null where none has. */
  atTime(timestampMs: number): StoredBatch | null {
    return this.batches[this.firstWhere(batch => batch.latestTimestamp >= timestampMs)] ?? null;
  }

  /** Puts these in the place of all that there are. */
  replace(batches: readonly StoredBatch[]): void {
    this.batches = [];
    for (const { bytes, baseOffset, lastOffset, maxTimestamp } of batches) this.append(bytes, baseOffset, lastOffset, maxTimestamp);
  }

  /** Forgets batches that end in front of the offset. */
  deleteBefore(offset: number): void {
    this.batches.splice(0, this.indexOf(offset));
  }

  private endBytes(index: number): number {
    const first = this.batches[0];
    // What was deleted is counted in all that follow it.
    return index >= 0 ? this.batches[index].endBytes : first === undefined ? 0 : first.endBytes - first.bytes.length;
  }

  /** Index of the batch that holds the offset, or of the next one. */
  private indexOf(offset: number): number {
    return this.firstWhere(batch => batch.lastOffset >= offset);
  }

  /** For a condition that, once true, stays true. */
  private firstWhere(holds: (batch: StoredBatch) => boolean): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.batches[middle])) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
