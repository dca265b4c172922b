import { ProtocolError } from './protocol.error.js';

const TWO_TO_32 = 0x1_0000_0000;

/** What a classic string can announce. Kafka holds compact ones to it, too. */
const LONGEST_STRING_BYTES = 0x7fff;

/**
 * Reads Kafka's primitive types at one version of one message. `flexible` selects the compact encodings. Whatever lies beyond
 * the end, or cannot be, throws a `ProtocolError`; what is only announced allocates nothing.
 */
export class Reader {
  constructor(
    readonly buffer: Buffer,
    readonly version = 0,
    readonly flexible = false,
    public position = 0,
  ) {}

  get remaining(): number {
    return this.buffer.length - this.position;
  }

  int8(): number {
    return this.buffer.readInt8(this.take(1));
  }
  int16(): number {
    return this.buffer.readInt16BE(this.take(2));
  }
  int32(): number {
    return this.buffer.readInt32BE(this.take(4));
  }
  /** Clamped to what a number holds exactly: no offset, time or producer id that anybody means lies beyond. */
  int64(): number {
    return int64At(this.buffer, this.take(8));
  }
  float64(): number {
    return this.buffer.readDoubleBE(this.take(8));
  }

  /** At most five bytes, 0 to 2³²−1. */
  unsignedVarint(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < 5; read++) {
      const byte = this.buffer.readUInt8(this.take(1));
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new ProtocolError(`no varint ends within five bytes of ${this.position - 5}`);
  }

  /** As Kafka prints it: base64url, 22 characters. */
  uuid(): string {
    const start = this.take(16);
    return this.buffer.toString('base64url', start, start + 16);
  }

  string(): string | null {
    const length = this.flexible ? this.unsignedVarint() - 1 : this.int16();
    return length < 0 ? null : this.utf8(length);
  }

  /** A string with a length of two bytes at every version: the client id of a request header. */
  classicString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.utf8(length);
  }

  /** A view, not a copy. */
  bytes(): Buffer | null {
    const length = this.flexible ? this.unsignedVarint() - 1 : this.int32();
    if (length < 0) return null;
    const start = this.take(length);
    return this.buffer.subarray(start, start + length);
  }

  /** Number of elements that follow; null for a null array. */
  count(): number | null {
    const count = this.flexible ? this.unsignedVarint() - 1 : this.int32();
    if (count < 0) return null;
    if (count > this.remaining) throw new ProtocolError(`${count} elements are announced, and ${this.remaining} bytes follow`);
    return count;
  }

  /** The tagged fields at the end of a flexible structure; `take` gets each with a reader of its own bytes, and may leave it. */
  taggedFields(take: (tag: number, field: Reader) => void = skip): void {
    if (!this.flexible) return;
    const count = this.unsignedVarint();
    for (let field = 0; field < count; field++) {
      const tag = this.unsignedVarint();
      const start = this.take(this.unsignedVarint());
      take(tag, new Reader(this.buffer.subarray(start, this.position), this.version, true));
    }
  }

  private utf8(length: number): string {
    if (length > LONGEST_STRING_BYTES) throw new ProtocolError(`a string of ${length} bytes is announced, and ${LONGEST_STRING_BYTES} are the most`);
    const start = this.take(length);
    return this.buffer.toString('utf8', start, start + length);
  }

  private take(bytes: number): number {
    const start = this.position;
    if (bytes > this.buffer.length - start) throw new ProtocolError(`${bytes} bytes are needed at ${start}, and ${this.buffer.length - start} are left`);
    this.position = start + bytes;
    return start;
  }
}

/** Clamped to what a number holds exactly. */
export function int64At(buffer: Buffer, position: number): number {
  const value = buffer.readInt32BE(position) * TWO_TO_32 + buffer.readUInt32BE(position + 4);
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

function skip(): void {
  // Whoever does not know a tag ignores it.
}
