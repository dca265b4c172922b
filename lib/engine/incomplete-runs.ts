import type { CompletedRanges } from './completed-ranges.js';

/**
 * Offsets that are not complete, as ascending half-open runs: what the tracker hands to the offset map's encoder.
 * One object is cleared and filled again for every commit, so that a commit allocates nothing per record.
 */
export class IncompleteRuns {
  private bounds = new Float64Array(64);
  private used = 0;

  /** Number of runs. */
  get count(): number {
    return this.used / 2;
  }

  clear(): this {
    this.used = 0;
    return this;
  }

  /** Adds [from, to). Runs that touch become one; an empty one is no run. Throws a RangeError when it begins below the last one's end. */
  add(from: number, to: number): void {
    if (from >= to) return;
    const last = this.used === 0 ? -1 : this.bounds[this.used - 1];
    if (from === last) {
      this.bounds[this.used - 1] = to;
      return;
    }
    if (from < last) throw new RangeError(`Runs of incomplete offsets must ascend: ${from} follows one that ends at ${last}`);
    if (this.used === this.bounds.length) this.grow();
    this.bounds[this.used++] = from;
    this.bounds[this.used++] = to;
  }

  /** Adds what `completed` leaves open at and above `position`; answers where its last range ends, at least `position`. */
  addGaps(completed: CompletedRanges, position: number): number {
    let open = position;
    for (const [from, to] of completed) {
      if (to <= open) continue;
      this.add(open, from);
      open = to;
    }
    return open;
  }

  from(run: number): number {
    return this.bounds[2 * run];
  }
  to(run: number): number {
    return this.bounds[2 * run + 1];
  }

  private grow(): void {
    const larger = new Float64Array(this.bounds.length * 2);
    larger.set(this.bounds);
    this.bounds = larger;
  }
}
