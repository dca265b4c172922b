import { NO_KEY, type RecordChunk } from '../../lib/engine/record-chunk.js';

export const BYTES_PER_RECORD = 100;

/** What a compaction left of a record. */
const ABSENT = -2;

/** The log of one partition. A record is its key, a small number that is its own hash. */
export class PartitionLog {
  start = 0;
  /** The topic's partition was added after the group had begun. */
  isAddedLater = false;
  private readonly keys: number[] = [];

  constructor(
    readonly topic: string,
    readonly partition: number,
    /** Node id of the broker that leads it. */
    public leader: number,
  ) {}

  get name(): string {
    return `${this.topic}/${this.partition}`;
  }
  get end(): number {
    return this.keys.length;
  }
  keyAt(offset: number): number {
    return this.keys[offset];
  }
  isPresent(offset: number): boolean {
    return offset >= this.start && offset < this.end && this.keys[offset] !== ABSENT;
  }

  append(key: number): number {
    return this.keys.push(key) - 1;
  }
  compact(offset: number): void {
    this.keys[offset] = ABSENT;
  }
  truncate(end: number): void {
    this.keys.length = end;
  }

  /** Up to so many records from a position on, and all the holes before, between and directly behind them; null at the end. */
  read(from: number, most: number): RecordChunk | null {
    if (from >= this.end) return null;
    const offsets: number[] = [];
    let to = from;
    for (; to < this.end; to++) {
      if (this.keys[to] === ABSENT) continue;
      if (offsets.length === most) break;
      offsets.push(to);
    }
    return this.chunk(from, to, offsets, offsets.map((offset) => this.keys[offset]));
  }

  private chunk(from: number, to: number, offsets: readonly number[], keys: readonly number[]): RecordChunk {
    const { topic, partition } = this;
    return {
      topic,
      partition,
      from,
      to,
      count: offsets.length,
      bytes: BYTES_PER_RECORD * offsets.length,
      offset: (index) => offsets[index],
      keyHash: (index) => keys[index],
      key: (index) => (keys[index] === NO_KEY ? null : Buffer.from(String(keys[index]))),
      value: () => null,
      text: () => null,
      headers: () => ({}),
      timestampMs: () => 0,
      attributes: () => 0,
      copy: (index) => this.chunk(offsets[index], offsets[index] + 1, [offsets[index]], [keys[index]]),
    };
  }
}
