/**
 * Offsets that are complete, as sorted half-open ranges that neither touch nor overlap.
 *
 * ```
 *   bounds:  [ 12, 15,   20, 21,   40, 90 ]      12..14, 20 and 40..89 are complete
 * ```
 *
 * Immutable but for a cursor at the place of the last question: questions in ascending order cost O(1) amortised, one that
 * goes back costs a binary search. Two readers at different places should hold two objects.
 */
export class CompletedRanges {
  static readonly NONE = new CompletedRanges(new Float64Array(0));

  /** Index in `bounds` of the first range that ends above the last offset asked for. */
  private cursor = 0;

  /** `bounds` is from, to, from, to, ...: strictly ascending, even in length; it is kept, not copied. */
  constructor(private readonly bounds: Float64Array) {}

  get isEmpty(): boolean {
    return this.bounds.length === 0;
  }
  get rangeCount(): number {
    return this.bounds.length / 2;
  }
  /** The offset after the last complete one; 0 when nothing is complete. */
  get end(): number {
    return this.isEmpty ? 0 : this.bounds[this.bounds.length - 1];
  }

  isComplete(offset: number): boolean {
    const index = this.seek(offset);
    return index < this.bounds.length && this.bounds[index] <= offset;
  }

  /** The first offset at or above `offset` that is not complete. */
  nextIncomplete(offset: number): number {
    const index = this.seek(offset);
    return index < this.bounds.length && this.bounds[index] <= offset ? this.bounds[index + 1] : offset;
  }

  /** How many complete offsets lie at or above `offset`. */
  countFrom(offset: number): number {
    let count = 0;
    for (let index = this.seek(offset); index < this.bounds.length; index += 2) {
      count += this.bounds[index + 1] - Math.max(this.bounds[index], offset);
    }
    return count;
  }

  /** What is complete according to `bounds` (same form as the constructor's) below `position`, and to this at and above it. */
  prepend(bounds: ArrayLike<number>, position: number): CompletedRanges {
    const joined = new Float64Array(bounds.length + this.bounds.length);
    let length = 0;
    const append = (from: number, to: number): void => {
      if (from >= to) return;
      if (length > 0 && joined[length - 1] === from) length--;
      else joined[length++] = from;
      joined[length++] = to;
    };
    for (let index = 0; index < bounds.length; index += 2) append(bounds[index], Math.min(bounds[index + 1], position));
    for (let index = this.seek(position); index < this.bounds.length; index += 2) {
      append(Math.max(this.bounds[index], position), this.bounds[index + 1]);
    }
    return new CompletedRanges(joined.slice(0, length));
  }

  /** These, and one offset more. */
  add(offset: number): CompletedRanges {
    const index = this.seek(offset);
    const { bounds } = this;
    if (index < bounds.length && bounds[index] <= offset) return this;
    const touchesBelow = index > 0 && bounds[index - 1] === offset;
    const touchesAbove = index < bounds.length && bounds[index] === offset + 1;
    const below = bounds.subarray(0, touchesBelow ? index - 1 : index);
    const above = bounds.subarray(touchesAbove ? index + 1 : index);
    const between = [...(touchesBelow ? [] : [offset]), ...(touchesAbove ? [] : [offset + 1])];
    const joined = new Float64Array(below.length + between.length + above.length);
    joined.set(below);
    joined.set(between, below.length);
    joined.set(above, below.length + between.length);
    return new CompletedRanges(joined);
  }

  *[Symbol.iterator](): Generator<readonly [from: number, to: number], void, undefined> {
    for (let index = 0; index < this.bounds.length; index += 2) yield [this.bounds[index], this.bounds[index + 1]];
  }

  private seek(offset: number): number {
    const { bounds } = this;
    if (this.cursor > 0 && bounds[this.cursor - 1] > offset) this.cursor = this.search(offset);
    while (this.cursor < bounds.length && bounds[this.cursor + 1] <= offset) this.cursor += 2;
    return this.cursor;
  }

  private search(offset: number): number {
    let low = 0;
    let high = this.cursor / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.bounds[2 * middle + 1] <= offset) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}
