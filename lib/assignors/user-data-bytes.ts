import type { TopicPartitions } from './claims.js';

/** More partitions than any cluster has: what announces more is not worth the memory. */
const MAX_PARTITIONS = 1_000_000;
const MAX_PARTITION = 2 ** 31 - 1;

/**
 * Appends fields. Numbers are unsigned LEB128. Partitions are the number of topics and, for each, the length of its name in
 * bytes, the name, the number of ranges and, for each range, the gap since the last one's end (at first: since 0) and its length.
 * Counts are the number of topics and, for each, its name and its count.
 */
export class UserDataWriter {
  private readonly parts: Uint8Array[];

  constructor(header: Uint8Array) {
    this.parts = [header];
  }

  number(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`Claims and marks hold integers from 0 on, not ${value}`);
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
    bytes.push(rest);
    this.parts.push(Uint8Array.from(bytes));
    return this;
  }

  partitions(byTopic: TopicPartitions): this {
    this.number(byTopic.size);
    for (const [topic, partitions] of byTopic) {
      this.text(topic);
      const ranges = rangesOf(partitions);
      this.number(ranges.length);
      let end = 0;
      for (const [from, to] of ranges) {
        this.number(from - end).number(to - from);
        end = to;
      }
    }
    return this;
  }

  counts(byTopic: ReadonlyMap<string, number>): this {
    this.number(byTopic.size);
    for (const [topic, count] of byTopic) this.text(topic).number(count);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.parts);
  }

  private text(text: string): this {
    const bytes = Buffer.from(text, 'utf8');
    this.number(bytes.length);
    this.parts.push(bytes);
    return this;
  }
}

/** Reads what `UserDataWriter` has written; throws a RangeError at the first byte that it cannot have. */
export class UserDataReader {
  private partitionsLeft = MAX_PARTITIONS;

  constructor(
    private readonly bytes: Uint8Array,
    private position: number,
  ) {}

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (this.position >= this.bytes.length) throw new RangeError('The data ends within a number');
      const byte = this.bytes[this.position++];
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value) || scale > Number.MAX_SAFE_INTEGER) throw new RangeError('A number is no safe integer');
      if (byte < 0x80) return value;
    }
  }

  partitions(): TopicPartitions {
    return this.byTopic(() => this.ranges());
  }

  counts(): ReadonlyMap<string, number> {
    return this.byTopic(() => this.number());
  }

  private byTopic<T>(read: () => T): ReadonlyMap<string, T> {
    const byTopic = new Map<string, T>();
    for (let topics = this.number(); topics > 0; topics--) {
      const topic = this.text(this.number());
      if (byTopic.has(topic)) throw new RangeError('A topic is named twice');
      byTopic.set(topic, read());
    }
    return byTopic;
  }

  private text(length: number): string {
    if (length > this.bytes.length - this.position) throw new RangeError('The data ends within a name');
    this.position += length;
    return Buffer.from(this.bytes.subarray(this.position - length, this.position)).toString('utf8');
  }

  private ranges(): number[] {
    const partitions: number[] = [];
    let end = 0;
    for (let ranges = this.number(); ranges > 0; ranges--) {
      const from = end + this.number();
      const length = this.number();
      end = from + length;
      this.partitionsLeft -= length;
      if (length === 0 || this.partitionsLeft < 0 || end - 1 > MAX_PARTITION) throw new RangeError('A range is empty or too long');
      for (let partition = from; partition < end; partition++) partitions.push(partition);
    }
    return partitions;
  }
}

function rangesOf(partitions: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (const partition of partitions.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && partition <= last[1]) last[1] = partition + 1;
    else ranges.push([partition, partition + 1]);
  }
  return ranges;
}
