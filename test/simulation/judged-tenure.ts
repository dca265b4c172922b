import type { CompletedRanges } from '../../lib/engine/completed-ranges.js';
import type { PartitionTruth } from './ledger.js';

/** One partition in one assignment to one process, as it can be told from outside. */
export class JudgedTenure {
  /** The offset of the last commit that was sent. */
  floor = -1;
  end: 'released' | 'lost' | null = null;
  held = 0;
  /** Complete here and, as far as commits told when it began, before: with the step at which it became so. */
  private done: { readonly offset: number; readonly step: number }[];

  constructor(
    readonly truth: PartitionTruth,
    readonly epoch: number,
    readonly startOffset: number,
    readonly startCompleted: CompletedRanges,
  ) {
    this.done = [...startCompleted].flatMap(([from, to]) => Array.from({ length: to - from }, (_, index) => ({ offset: from + index, step: -1 })));
  }

  /** What the commit it began with says is complete. */
  wasComplete(offset: number): boolean {
    return offset < this.startOffset || this.startCompleted.isComplete(offset);
  }
  completed(offset: number, step: number): void {
    this.done.push({ offset, step });
  }
  /** The first offset that was complete before this step and is in neither the prefix nor the map; null where all are. */
  missingFrom(offset: number, map: CompletedRanges, step: number): number | null {
    this.done = this.done.filter((one) => one.offset >= offset);
    for (const one of this.done) if (one.step < step && !map.isComplete(one.offset)) return one.offset;
    return null;
  }
}
