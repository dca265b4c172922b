import { isUtf8 } from 'node:buffer';
import { NO_KEY, type RecordChunk, type RecordHeaders } from '../engine/record-chunk.js';
import { murmurHash } from './murmur-hash.js';
import { afterVarint, skipBytes, skipHeaders, skipVarint, varintAt, varlongAt } from './record-format.js';

/** Memory of one record beside its bytes: its offset and its position. */
export const INDEX_BYTES = Float64Array.BYTES_PER_ELEMENT + Int32Array.BYTES_PER_ELEMENT;

/** What the records from `first` on have in common. */
export interface BatchTimes {
  /** Index of the batch's first record in the chunk. */
  readonly first: number;
  /** Of every record under `appendTime`, else what their deltas are added to. */
  readonly timestampMs: number;
  readonly appendTime: boolean;
}

export interface RecordIndex {
  readonly buffer: Buffer;
  readonly count: number;
  readonly offsets: Float64Array;
  /** Positions in `buffer`, as `record-format.ts` defines them. The decoder has checked every length behind them. */
  readonly records: Int32Array;
  /** In the order of their records. */
  readonly batches: readonly BatchTimes[];
}

export interface ChunkRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/**
 * A chunk over the bytes of a fetch: two numbers for each record, and everything else is read from the bytes when it is
 * asked for.
 *
 * ```
 *  offsets   7     8     10    11
 *  records   |     |      \     \            batches: first = 0, first = 2
 *            v     v       v     v
 *  buffer   [rec . rec ] [ rec . rec ]
 * ```
 */
export class IndexedChunk implements RecordChunk {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  private readonly buffer: Buffer;
  private readonly offsets: Float64Array;
  private readonly records: Int32Array;
  private readonly batches: readonly BatchTimes[];

  constructor(
    range: ChunkRange,
    index: RecordIndex,
    /** Bytes of the buffer that `index.buffer` is a view of, and of the index itself. */
    readonly bytes: number,
  ) {
    this.topic = range.topic;
    this.partition = range.partition;
    this.from = range.from;
    this.to = range.to;
    this.count = index.count;
    this.buffer = index.buffer;
    this.offsets = index.offsets;
    this.records = index.records;
    this.batches = index.batches;
  }

  offset(index: number): number {
    return this.offsets[index] ?? NaN;
  }

  keyHash(index: number): number {
    const length = varintAt(this.buffer, this.keyPosition(index));
    return length < 0 ? NO_KEY : murmurHash(this.buffer, afterVarint(), length);
  }

  key(index: number): Buffer | null {
    return this.bytesAt(this.keyPosition(index));
  }

  value(index: number): Buffer | null {
    return this.bytesAt(this.valuePosition(index));
  }

  text(index: number): string | null {
    const length = varintAt(this.buffer, this.valuePosition(index));
    return length < 0 ? null : utf8(this.buffer, afterVarint(), afterVarint() + length);
  }

  /** Several values under one name are an array. A value that is null is `undefined` alone, and left out among others. */
  headers(index: number): RecordHeaders {
    const headers: RecordHeaders = {};
    const count = varintAt(this.buffer, this.headersPosition(index));
    let position = afterVarint();
    for (let header = 0; header < count; header++) {
      const name = this.bytesAt(position)?.toString('utf8') ?? '';
      const valuePosition = skipBytes(this.buffer, position, this.buffer.length);
      addHeader(headers, name, this.bytesAt(valuePosition));
      position = skipBytes(this.buffer, valuePosition, this.buffer.length);
    }
    return headers;
  }

  timestampMs(index: number): number {
    const batch = this.batchOf(index);
    return batch.appendTime ? batch.timestampMs : batch.timestampMs + varlongAt(this.buffer, this.recordPosition(index) + 1);
  }

  attributes(index: number): number {
    return this.buffer.readInt8(this.recordPosition(index));
  }

  copy(index: number): RecordChunk {
    const start = this.recordPosition(index);
    const end = skipHeaders(this.buffer, this.headersPosition(index), this.buffer.length);
    // Not from the pool, of which a slab would stay alive for these few bytes.
    const buffer = Buffer.allocUnsafeSlow(end - start);
    this.buffer.copy(buffer, 0, start, end);
    const { timestampMs, appendTime } = this.batchOf(index);
    const offset = this.offset(index);
    return new IndexedChunk(
      { topic: this.topic, partition: this.partition, from: offset, to: offset + 1 },
      { buffer, count: 1, offsets: Float64Array.of(offset), records: Int32Array.of(0), batches: [{ first: 0, timestampMs, appendTime }] },
      buffer.length + INDEX_BYTES,
    );
  }

  private recordPosition(index: number): number {
    const position = this.records[index];
    if (position === undefined || index >= this.count) throw new RangeError(`${this.topic}/${this.partition}: record ${index} of ${this.count}`);
    return position;
  }

  private keyPosition(index: number): number {
    return skipVarint(this.buffer, skipVarint(this.buffer, this.recordPosition(index) + 1));
  }

  private valuePosition(index: number): number {
    const length = varintAt(this.buffer, this.keyPosition(index));
    return length > 0 ? afterVarint() + length : afterVarint();
  }

  private headersPosition(index: number): number {
    return skipBytes(this.buffer, this.valuePosition(index), this.buffer.length);
  }

  private bytesAt(position: number): Buffer | null {
    const length = varintAt(this.buffer, position);
    const start = afterVarint();
    return length < 0 ? null : this.buffer.subarray(start, start + length);
  }

  private batchOf(index: number): BatchTimes {
    let low = 0;
    for (let high = this.batches.length - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if ((this.batches[middle]?.first ?? Infinity) <= index) low = middle;
      else high = middle - 1;
    }
    const batch = this.batches[low];
    if (batch === undefined) throw new RangeError(`${this.topic}/${this.partition}: a chunk without batches has no record ${index}`);
    return batch;
  }
}

/** Names come from other processes: 'constructor' is no value that is there already, and '__proto__' no prototype. */
function addHeader(headers: RecordHeaders, name: string, value: Buffer | null): void {
  const present = Object.hasOwn(headers, name) ? headers[name] : undefined;
  const merged = merge(present, value);
  if (name === '__proto__') Object.defineProperty(headers, name, { value: merged, enumerable: true, configurable: true, writable: true });
  else headers[name] = merged;
}

function merge(present: RecordHeaders[string], value: Buffer | null): RecordHeaders[string] {
  if (value === null) return present;
  if (present === undefined) return value;
  return Array.isArray(present) ? [...present, value] : [present, value];
}

const REPLACEMENT = '\uFFFD';

/** Bytes that are no UTF-8 would become other text without anybody noticing; what replaces them gives them away. */
function utf8(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start, end);
  if (text.includes(REPLACEMENT) && !isUtf8(buffer.subarray(start, end))) throw new TypeError('the bytes are not UTF-8');
  return text;
}
