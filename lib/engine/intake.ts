import type { RecordChunk } from './record-chunk.js';
import type { RetainedChunk } from './retained-chunk.js';

/**
 * Chunks of a partition that have arrived and whose records are not deliveries yet, or not all of them.
 *
 * ```
 *   [taken . taken . next . . . .]  [. . . . . .]  [. . .]
 *                    ^ index of the first chunk          ^ end
 * ```
 *
 * A record becomes a delivery shortly before its turn: thousands that wait would be copied by every young collection, and
 * outlive it.
 */
export class Intake {
  /** The next record of the first chunk. */
  index = 0;
  /** Records that are not taken yet. */
  waiting = 0;
  private readonly chunks: RetainedChunk[] = [];

  get first(): RetainedChunk | null {
    return this.chunks.length === 0 ? null : this.chunks[0];
  }
  get isEmpty(): boolean {
    return this.chunks.length === 0;
  }
  /** The position after the last chunk; 0 without one. */
  get end(): number {
    return this.chunks.length === 0 ? 0 : this.chunks[this.chunks.length - 1].chunk.to;
  }
  /** The next record's offset; null where none waits. */
  get nextOffset(): number | null {
    const chunk: RecordChunk | undefined = this.first?.chunk;
    return chunk !== undefined && this.index < chunk.count ? chunk.offset(this.index) : null;
  }

  push(retained: RetainedChunk): void {
    this.chunks.push(retained);
    this.waiting += retained.chunk.count;
  }

  /** Records before `index` are taken. */
  takenTo(index: number): void {
    this.waiting -= index - this.index;
    this.index = index;
  }

  /** Removes the first chunk, with what was not taken of it. */
  shift(): RetainedChunk | null {
    const first = this.chunks.shift() ?? null;
    if (first !== null) this.waiting -= first.chunk.count - this.index;
    this.index = 0;
    return first;
  }
}
