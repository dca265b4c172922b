/** The bytes are not what the protocol says they should be. */
export class CorruptError extends Error {
  override readonly name = 'CorruptError';
}

const TWO_TO_32 = 0x1_0000_0000;

/** Reads Kafka's fixed-size types. Whatever lies beyond the end, or cannot be, throws a `CorruptError`. */
export class ByteReader {
  constructor(
    readonly buffer: Buffer,
    public position = 0,
    readonly end = buffer.length,
  ) {}

  int8(): number {
    return this.buffer.readInt8(this.advance(1));
  }
  int16(): number {
    return this.buffer.readInt16BE(this.advance(2));
  }
  int32(): number {
    return this.buffer.readInt32BE(this.advance(4));
  }
  /** An offset or a point in time; what a number cannot hold exactly is corrupt. */
  int64(): number {
    return int64At(this.buffer, this.advance(8));
  }

  /** Null where the length is negative. */
  string(): string | null {
    const length = this.int16();
    if (length < 0) return null;
    const start = this.advance(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  /** A view, not a copy. Null where the length is negative. */
  bytes(): Buffer | null {
    const length = this.int32();
    if (length < 0) return null;
    const start = this.advance(length);
    return this.buffer.subarray(start, start + length);
  }

  /** Number of elements that follow, 0 for null. `leastBytes` of each must be there, so that a hostile count allocates nothing. */
  count(leastBytes: number): number {
    const count = this.int32();
    if (count * leastBytes > this.end - this.position) throw new CorruptError(`${count} elements are announced, and ${this.end - this.position} bytes follow`);
    return Math.max(0, count);
  }

  /** Moves on and returns the position before. */
  advance(bytes: number): number {
    const start = this.position;
    if (bytes > this.end - start) throw new CorruptError(`${bytes} bytes are needed at ${start}, and ${this.end - start} are left`);
    this.position = start + bytes;
    return start;
  }
}

/** @throws CorruptError for a value above 2^53 − 1. */
export function int64At(buffer: Buffer, position: number): number {
  const value = buffer.readInt32BE(position) * TWO_TO_32 + buffer.readUInt32BE(position + 4);
  if (!Number.isSafeInteger(value)) throw new CorruptError(`the 64-bit number at ${position} is beyond what an offset or a time can be`);
  return value;
}

/** For values that are only compared, such as producer ids. */
export function opaqueInt64At(buffer: Buffer, position: number): bigint {
  return buffer.readBigInt64BE(position);
}
