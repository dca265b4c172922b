import type { RecordChunk } from '../../lib/engine/record-chunk.js';

/** Records that consist of a key alone, which is all that the engine looks at. */
export class MadeChunk implements RecordChunk {
  readonly topic = 'made';
  readonly to: number;
  readonly bytes: number;

  constructor(
    readonly partition: number,
    readonly from: number,
    readonly count: number,
    private readonly keys: number,
  ) {
    this.to = from + count;
    this.bytes = 200 * count;
  }

  offset(index: number): number {
    return this.from + index;
  }
  keyHash(index: number): number {
    // Neighbours get keys far from each other, and no key comes again before all others were there.
    return (Math.imul(this.from + index, 0x9e3779b1) >>> 1) % this.keys;
  }
  key(): Buffer | null {
    return null;
  }
  value(): Buffer | null {
    return null;
  }
  text(): string | null {
    return null;
  }
  headers(): Record<string, never> {
    return {};
  }
  timestampMs(): number {
    return 0;
  }
  attributes(): number {
    return 0;
  }
  copy(index: number): RecordChunk {
    return new MadeChunk(this.partition, this.from + index, 1, this.keys);
  }
}
